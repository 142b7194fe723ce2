"""The list of documents that a delta removes."""

from kbgate.errors import SourceError
from kbgate.sources.files import list_files


def read_deletions(location: str) -> list[str]:
    """Read one `doc_id` a line from a UTF-8 file; blank lines and lines that begin with `#` are skipped.

    Raises:
        SourceError: the file is missing, a line is not UTF-8, or an id occurs twice; names file and line.
        InfrastructureError: the disk or server did not answer.
    """
    first_line: dict[str, int] = {}
    for file in list_files(location):
        for number, raw in enumerate(file.lines(), start=1):
            try:
                doc_id = raw.decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise SourceError(f"{file.uri}, line {number} is not UTF-8 text. Save the file as UTF-8.") from error
            if not doc_id or doc_id.startswith("#"):
                continue
            if doc_id in first_line:
                raise SourceError(
                    f"{file.uri}, line {number}: {doc_id!r} is listed already on line {first_line[doc_id]}. Remove one."
                )
            first_line[doc_id] = number
    return list(first_line)
