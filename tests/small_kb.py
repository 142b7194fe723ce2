"""A knowledge base of forty short documents with its golden set, for tests of the plumbing; embedded by words, in milliseconds."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbgate.artifacts import run_key_of
from kbgate.pipeline import FIRST_STAGES, STAGES, run_candidate, run_stage
from kbgate.results import StageResult
from kbgate.run import Run, RunRequest
from kbgate.settings import CONFIG_VARIABLE, Settings, load_settings

KB = "small"
INTENTS = ("orders", "billing", "login", "shipping")
KEY_INTENTS = ("orders", "billing")
N_DOCUMENTS = 40
UNTIL_DECISION = STAGES[: STAGES.index("promote")]
"""Every stage of a run but those that move the pointer and what comes after."""
WORDS = (Path(__file__).parent / "data" / "small_kb_words.txt").read_text().split()
SENTENCES = (
    "Open the {0} page and choose the {1} that you want to change.",
    "Every {2} needs its own {3} before anybody can save the form.",
    "A manager has to confirm the {4} when the {0} belongs to another team.",
    "We keep the {5} for ninety days, and after that the {1} is gone.",
    "Please write to us if the {3} does not match the {5} on your screen.",
    "The {4} list shows who touched the {2} last and what they did with it.",
)


class SmallKb:
    """Documents, golden set and settings in one folder, and everything a test may do with them.

    `documents` is what the next `ingest` reads (one JSON object a document); `sections` overrides the settings file's tables of
    this knowledge base, as in `configure(chunker={"size_tokens": 24})`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents = {number: small_document(number) for number in range(N_DOCUMENTS)}
        self.sections: dict[str, dict[str, Any]] = {}
        self.write_golden_set()
        self.write_documents()
        self.configure()

    @property
    def batch(self) -> Path:
        """The file that the source reads."""
        return self.folder / "documents.jsonl"

    @property
    def settings_file(self) -> Path:
        """What KBGATE_CONFIG must name."""
        return self.folder / "kbgate.toml"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point a process at this knowledge base."""
        return {CONFIG_VARIABLE: str(self.settings_file)}

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return load_settings()

    def configure(self, **sections: Mapping[str, Any]) -> None:
        """Change settings of the knowledge base and write the settings file."""
        for name, values in sections.items():
            self.sections[name] = {**self.sections.get(name, {}), **values}
        tables = {
            "source": {"kind": "jsonl", "options": {"path": str(self.batch)}},
            "chunker": {"size_tokens": 40, "overlap_tokens": 8},
            "embedder": {"kind": "hashing_for_tests_only"},
            "store": {"kind": "numpy"},
            # Two documents share half their words, and a hash of words knows no meaning.
            "drift": {"low_similarity": 0.1, "min_paired_similarity": 0.3},
            "recall": {"golden_set": str(self.folder / "golden"), "zero_hit_similarity": 0.1},
        }
        for name, values in self.sections.items():
            tables[name] = {**tables.get(name, {}), **values}
        lines = [f"artifact_root = {json.dumps(str(self.folder / 'artifacts'))}"]
        for name, values in tables.items():
            lines += ["", f"[kb.{KB}.{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        self.settings_file.write_text("\n".join(lines) + "\n")

    def write_documents(self, path: Path | None = None, numbers: list[int] | None = None) -> Path:
        """Write the documents (or those of `numbers`) as JSON Lines to the source's file, or to `path`."""
        chosen = self.documents if numbers is None else {number: self.documents[number] for number in numbers}
        path = path or self.batch
        path.write_text("".join(json.dumps(document) + "\n" for document in chosen.values()))
        return path

    def write_golden_set(self) -> None:
        """Three questions a document, made of its own words."""
        folder = self.folder / "golden"
        folder.mkdir(exist_ok=True)
        queries, qrels = [], ["query_id\tdoc_id\trelevance"]
        for number in range(N_DOCUMENTS):
            intent, words = intent_of(number), own_words(number)
            for turn in range(3):
                query = {"query_id": f"q{number}-{turn}", "text": " ".join(words[turn : turn + 4]), "intent": intent}
                queries.append(json.dumps({**query, "key_intent": intent in KEY_INTENTS}))
                qrels.append(f"q{number}-{turn}\t{doc_id(number)}\t1")
        (folder / "queries.jsonl").write_text("\n".join(queries) + "\n")
        (folder / "qrels.tsv").write_text("\n".join(qrels) + "\n")

    def change(self, number: int) -> None:
        """Give one document another last sentence."""
        document = self.documents[number]
        self.documents[number] = {**document, "text": f"{document['text']} Ask the front desk about opening hours."}

    def request(self, run_id: str, **fields: Any) -> RunRequest:
        """What a run named `run_id` is asked to do."""
        kind = fields.get("kind", "ingest")
        defaults = {
            "kb": KB,
            "run_key": run_key_of(f"test_{kind}", run_id),
            "actor": "tester",
            "reason": "a test of it",
        }
        return RunRequest(**{**defaults, **fields})

    def run(self, run_id: str, **fields: Any) -> "FinishedRun":
        """Run a whole ingest or hotfix over `documents` and return how it ended."""
        self.write_documents()
        request = self.request(run_id, **fields)
        done = run_candidate(self.settings, request, lambda stage, result: None)
        return FinishedRun(Run(self.settings, request), done)

    def stages(self, request: RunRequest, *names: str) -> list[StageResult]:
        """Run single stages, each as a process of its own would: from the files alone."""
        self.write_documents()
        asked = dict.fromkeys(FIRST_STAGES, request)
        return [run_stage(name, self.settings, KB, request.run_key, asked.get(name)) for name in names]

    def found(self, version: str, number: int) -> list[str]:
        """Documents that a version finds for the own words of a document, best first."""
        run = self.reader()
        vectors, _ = run.cached_embedder.embed_queries([" ".join(own_words(number))])
        return list(dict.fromkeys(run.store.search(version, vectors, 5).doc_ids[0].tolist()))

    def reader(self) -> Run:
        """A run that never opens: gives the registry and the store."""
        return Run(self.settings, self.request("reader"))

    @property
    def live(self) -> str | None:
        """Name of the live version."""
        return self.reader().registry.release(KB).live


@dataclass(frozen=True)
class FinishedRun:
    """A run that has ended; `done` holds what each stage came to."""

    run: Run
    done: dict[str, StageResult]

    @property
    def report(self) -> dict[str, Any]:
        """The run's report."""
        return dict(self.run.folder.read_json("report.json"))

    @property
    def outcome(self) -> str:
        """The report's outcome."""
        return str(self.report["outcome"])

    @property
    def n_chunked(self) -> int:
        """Number of documents that were cut into chunks."""
        return int(self.done["chunk_documents"].summary["n_documents"])


def doc_id(number: int) -> str:
    """Id of a document: `orders/doc-00`."""
    return f"{intent_of(number)}/doc-{number:02}"


def intent_of(number: int) -> str:
    """Ten documents an intent."""
    return INTENTS[number * len(INTENTS) // N_DOCUMENTS]


def own_words(number: int) -> list[str]:
    """Six words that no other document has."""
    return WORDS[number * 6 : number * 6 + 6]


def small_document(number: int) -> dict[str, Any]:
    """One document of about eighty words; the same number gives the same document."""
    words = own_words(number)
    sentences = [sentence.format(*words) for sentence in SENTENCES]
    random.Random(number).shuffle(sentences)
    return {"doc_id": doc_id(number), "title": f"{words[0].title()} and {words[1]}", "text": " ".join(sentences)}


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)
