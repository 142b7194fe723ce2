"""Errors a person can act on: what was found, what was wanted, what to do next."""


class KbgateError(Exception):
    """Any failure that kbgate explains; `exit_code` is what the command line returns for it."""

    exit_code = 3


class SettingsError(KbgateError):
    """A setting is missing, unknown or out of bounds; the message names it."""


class UsageError(KbgateError):
    """What was asked for cannot be done, such as promoting a version that does not exist."""


class SourceError(KbgateError):
    """The source as a whole cannot be trusted: missing, empty, or not what it claims to be."""


class EmptySourceError(SourceError):
    """The source was read and holds no row at all; of a delta that is no news, of anything else a broken export."""


class GoldenSetError(KbgateError):
    """A golden-set file is malformed; the message names file and line."""


class ArtifactError(KbgateError):
    """A file of a run is missing, half-written or not what its hash says."""


class InfrastructureError(KbgateError):
    """A store, registry or source server did not answer; a retry may help."""

    exit_code = 4


class ConflictError(KbgateError):
    """Someone else changed the release first, or holds the lease; nothing was changed."""

    exit_code = 4
