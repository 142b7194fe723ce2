"""The calibration of the drift gate of one knowledge base: made by a person, kept in its folder, used while it fits."""

from pydantic import ValidationError

from kbgate.artifacts import KbFolder
from kbgate.drift.calibration import DriftCalibration, PastIngest, calibrate_drift
from kbgate.drift.chunk_vectors import ChunkVectors
from kbgate.errors import ArtifactError
from kbgate.gates.drift import NO_CALIBRATION
from kbgate.gates.drift_low_similarity import NAME
from kbgate.parts import explain
from kbgate.records import sha256_of
from kbgate.releases.tables import IndexVersion
from kbgate.run import Run

CALIBRATION_FILE = "drift_calibration.json"
DECIDING_SETTINGS = {
    "low_similarity",
    "low_quantile",
    "max_low_similarity_share",
    "min_documents",
    "false_alarm_rate",
    "sample_chunks",
}
"""Settings of the drift gate that a calibration depends on."""
MOST_GROWTH = 2.0
"""A live version this many times larger or smaller than the calibrated one looks different to itself."""
AGAIN = "kbgate drift calibrate"


def write_calibration(run: Run, live: IndexVersion, sample: ChunkVectors, draws: int) -> DriftCalibration:
    """Calibrate on a sample of live and on the accepted ingests before it, and write `drift_calibration.json`.

    Raises:
        UsageError: live has too few documents, or the draws are too few for the false-alarm rate.
    """
    calibration = calibrate_drift(
        sample,
        run.kb_settings.drift,
        version=live.version,
        fingerprint=run.embedder.fingerprint.digest,
        settings_hash=_settings_hash(run),
        n_live_documents=live.facts.n_documents,
        past=_past_ingests(run),
        draws=draws,
    )
    folder(run).write_json(CALIBRATION_FILE, calibration.model_dump(mode="json"))
    return calibration


def fitting_calibration(run: Run, live: str) -> tuple[DriftCalibration | None, str]:
    """The stored calibration if it fits this run, else None and why not, as a part of a sentence.

    Raises:
        ArtifactError: the file is not a calibration.
    """
    if not folder(run).exists(CALIBRATION_FILE):
        return None, NO_CALIBRATION
    try:
        found = DriftCalibration.model_validate(folder(run).read_json(CALIBRATION_FILE))
    except ValidationError as error:
        raise ArtifactError(
            f"{folder(run).uri}/{CALIBRATION_FILE} is not a calibration of this version of kbgate: {explain(error, '')} "
            f"Make it again: {AGAIN} --kb {run.kb}"
        ) from error
    n_documents = run.registry.version(run.kb, live).facts.n_documents or found.n_live_documents
    if found.fingerprint != run.embedder.fingerprint.digest:
        return None, f"the calibration of {found.version} is of another embedding fingerprint ({AGAIN})"
    if found.settings_hash != _settings_hash(run):
        return None, f"the calibration of {found.version} was made with other chunk or drift settings ({AGAIN})"
    if not 1 / MOST_GROWTH <= n_documents / found.n_live_documents <= MOST_GROWTH:
        return None, (
            f"the calibration of {found.version} was made with {found.n_live_documents} live documents and there are "
            f"{n_documents} now ({AGAIN})"
        )
    return found, ""


def folder(run: Run) -> KbFolder:
    """Where the calibration lies."""
    return KbFolder(run.settings.artifact_root, run.kb)


def _settings_hash(run: Run) -> str:
    return sha256_of(
        {"index": run.index_settings, "drift": run.kb_settings.drift.model_dump(include=DECIDING_SETTINGS)}
    )


def _past_ingests(run: Run) -> tuple[PastIngest, ...]:
    """What the drift gate measured of the versions that became live, as far as model and chunk settings are today's."""
    past = []
    for version in run.registry.versions(run.kb):
        if version.promoted_at is None or version.facts.settings != run.index_settings:
            continue
        gate = run.version_folder(version.version).read_gates().get("drift")
        for measured in gate.measurements if gate else ():
            if measured.name == NAME and measured.value is not None and measured.n:
                past.append(PastIngest(version=version.version, n_documents=measured.n, share=measured.value))
    return tuple(past)
