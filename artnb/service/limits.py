"""What a visitor may ask for, and how long it is kept."""

from dataclasses import dataclass

MB = 2**20


@dataclass(frozen=True)
class Limits:
    """`of_user` and `queue` count jobs that are not finished; a picture may have as many pixels as
    `artnb.images.decoding.MAX_PIXELS`."""

    upload_bytes: int = 64 * MB
    upload_seconds: float = 900  # until the last byte is there
    examine_seconds: float = 60  # to find out what an upload is
    film_seconds: float = 120
    film_frames: int = 3600
    film_pixels: int = 1920 * 1080  # of a frame
    uploads_a_minute: int = 20  # of one user, as are the next two
    jobs_a_minute: int = 20
    of_user: int = 10
    queue: int = 200
    job_seconds: float = 3600
    kept_seconds: float = 24 * 3600  # after its end, or for an upload after it came
    room_bytes: int = 20 * 1024 * MB  # for all uploads and results
