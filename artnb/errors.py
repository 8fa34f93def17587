"""The errors a user can mend. Each message names what is wrong, what was expected and what to do next."""


class ArtnbError(Exception):
    """The root of all of them: the command line prints its message and no traceback."""


class CatalogueError(ArtnbError):
    """A catalogue, a manifest or a folder of images does not have the form it must have."""


class LeakageError(CatalogueError):
    """A group of images lies in more than one split."""


class ImageError(ArtnbError):
    """One image file cannot be used; the message is the reason."""


class CollectError(ArtnbError):
    """A recipe, a source or a camera that cannot be used as asked."""


class FetchError(CollectError):
    """One address cannot be fetched, today or tomorrow; the message is the reason."""


class UnavailableError(FetchError):
    """One address could not be fetched now, after patient tries; later it may be."""


class ModelError(ArtnbError):
    """No such model, or a model that cannot be built as asked."""


class TrainingError(ArtnbError):
    """A training cannot start or cannot go on."""


class RunError(ArtnbError):
    """A folder is not a finished run of this version."""


class RelevanceError(ArtnbError):
    """Predictions that cannot be compared with each other."""


class StyleError(ArtnbError):
    """A style transfer, or a comparison of its pictures, that cannot be done as asked."""


class AnimeError(ArtnbError):
    """A conversion to anime, or its training, that cannot be done as asked."""


class FilmError(ArtnbError):
    """A film that cannot be converted, joined or compared as asked."""


class ServiceError(ArtnbError):
    """A job or an upload that the studio does not take; the message is for its visitor."""


class TooMuchError(ServiceError):
    """Taken later perhaps: too many at once, too often, or no room."""


class ReportError(ArtnbError):
    """A report cannot be made as asked: a preset, a notebook or a parameter is wrong."""
