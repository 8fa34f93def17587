"""Work that visitors ask for: uploads verified, jobs carried out by dask.distributed, results kept a while.

The platform of Wu and Chen has one actor for each request, bound to its user by an identity of its own, under
parents that look after their children (Akka). Here a job is a record in a folder of its user's; the children
are dask's workers, the parents its nannies, which start a killed worker again, and its scheduler, which gives
the work to another.
"""
