"""The rules for names of docs/decisions/0009-plain-names.md."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("herwa", "herwa_api", "herwa_bot", "herwa_shared", "herwa_sim", "herwa_web", "herwa_worker")
RENAMING_DOC = ROOT / "docs" / "decisions" / "0009-plain-names.md"
MIN_VERB_SHARE = 0.85
MAX_CORE_LINES = 500

# Words that no name may contain, as a whole part of snake_case or CamelCase. `ClickHouse` is exempt.
FORBIDDEN_WORDS = """
told said asked answer answers mend mends mended away anew stay stays seal sealed seals doubt doubts doubted clearance
standing spoken lately deed deeds door doors house face faces room rooms somebody nobody whoever anybody whole
"""

VERBS = """
abort accepts accrue ack acknowledge acquire act activate add admit advance allow announce append apply archive ask
assert assign attach authenticate authorize autocomplete await ban begin bind bisect block build call can cancel
capitalize capture change check choose clamp clean clear click clone close collect compare compile complete compress
compute configure confirm connect consume convert copy corrupt count covers create customize debounce decide declare
decode decompress decrypt defer delay delete deliver deny derive describe deserialize detach detect diff digest
disable disconnect discover dismiss dispatch download drain draw drop dump edit emit enable encode encrypt end enqueue
ensure enter erase escape evict exchange exclude exec execute exit expand expire explain export extend extract fail
fetch fill filter find finish flush focus follow forget format forward freeze from generate get grant group guess
handle has hash hide hit ignore import index infer inherit initialize inject insert inspect install intern interpolate
interrupt invalidate invite invoke is isolate issue iterate join keep kill launch lease leave limit link list listen
load locate lock log login logout main make map mark match matches measure merge migrate mount move needs negotiate
normalize notify observe on open order pad parse pause persist pick plan play poll pop populate post prefer prepare
present print process prune publish purge push put query quote raise rank read reap reassign rebuild receive reconnect
record redact redeem redirect reduce refresh refuse register reject release reload remember remove rename render
reopen replace replay reply report request require reserve reset resolve respond restamp restart restore resume retry
return revoke rotate round run sample sanitize save scale schedule search select send serialize serve set settle setup
shift shorten should show shuffle shutdown sign silence simulate skip sleep sort split start step stop store stream
strip submit subscribe subtract suggest summarize supervise suppress swap sweep switch sync tag take terminate test
tick to toggle track transfer transform translate treat trigger trim truncate try turn typeset undo unlock unpack
unwrap update upgrade uppercase upsert use validate verify wait walk wants warn watch widen wrap write yield zoom
"""


@cache
def parse_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def list_files(*folders: str) -> list[Path]:
    """Python files of these folders, without those of peers' environments."""
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if ".venv" not in path.parts]


def split_words(name: str) -> list[str]:
    """`HTTPServer_port2` → http, server, port, 2."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def iterate_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that the module binds, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.alias(asname=str(alias)):
                yield alias, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


def iterate_functions(tree: ast.Module) -> Iterator[str]:
    """Functions and methods, without dunder methods and properties."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            is_property = any("property" in name or name.endswith(".setter") for name in decorators)
            if not is_property and not (node.name.startswith("__") and node.name.endswith("__")):
                yield node.name


def test_no_name_contains_a_forbidden_word():
    forbidden_words, found = set(FORBIDDEN_WORDS.split()), []
    for path in list_files(*PACKAGES, "tests", "benchmarks"):
        names = [(path.stem, 0), *iterate_names(parse_tree(path))]
        for name, line in names:
            words = split_words(re.sub("clickhouse", "", name, flags=re.IGNORECASE))
            if not forbidden_words.isdisjoint(words):
                found.append(f"{path.relative_to(ROOT)}:{line} {name}")
    assert found == []


def test_a_public_class_name_exists_once():
    files_by_class = defaultdict(list)
    for path in list_files(*PACKAGES, "tests", "benchmarks"):
        for node in ast.walk(parse_tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files_by_class[node.name].append(str(path.relative_to(ROOT)))
    assert {name: files for name, files in files_by_class.items() if len(files) > 1} == {}


def test_functions_begin_with_a_verb():
    names = [name for path in list_files(*PACKAGES) for name in iterate_functions(parse_tree(path))]
    verbs = set(VERBS.split())
    without_verb = [name for name in names if split_words(name)[0] not in verbs]
    share = 1 - len(without_verb) / len(names)
    assert share >= MIN_VERB_SHARE, sorted(set(without_verb))


def test_no_file_is_too_long_to_read():
    lines = {path: len(path.read_text().splitlines()) for path in list_files(*PACKAGES)}
    assert {path: count for path, count in lines.items() if count > MAX_CORE_LINES} == {}


def read_renamings() -> list[tuple[str, str, str]]:
    """New module, old qualified name and new name of every line of the renaming document."""
    renamings, module = [], ""
    for line in RENAMING_DOC.read_text().splitlines():
        if heading := re.match(r"### `([\w/]+\.py)`", line):
            module = heading[1]
        elif module:
            renamings += [(module, old, new) for old, new in re.findall(r"`([\w.]+)` → `(\w+)`", line)]
    return renamings


def list_definitions(path: Path) -> set[str]:
    """Names that a module defines, and `Class.member` of its classes."""
    definitions = set()
    for node in parse_tree(path).body:
        definitions |= _list_bound_names(node)
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                definitions |= {f"{node.name}.{name}" for name in _list_bound_names(member)}
    return definitions


def _list_bound_names(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def test_no_renamed_name_is_defined_at_its_old_place():
    renamings = read_renamings()
    assert len(renamings) > 2_000, "the document lists every public name"
    definitions = {module: list_definitions(ROOT / module) for module, _, _ in renamings if (ROOT / module).exists()}
    new_names = {(module, new) for module, _, new in renamings}
    returned = [
        (module, old)
        for module, old, _ in renamings
        if old in definitions.get(module, ()) and (module, old) not in new_names
    ]
    assert returned == []


def test_no_renamed_module_exists_under_its_old_path():
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (.+) \|$", RENAMING_DOC.read_text(), re.MULTILINE)
    assert len(rows) > 150
    new_paths = {new for new, _ in rows}
    old_paths = {old for _, cell in rows for old in re.findall(r"`([\w/]+\.py)`", cell)} - new_paths
    assert [path for path in sorted(old_paths) if (ROOT / path).exists()] == []
