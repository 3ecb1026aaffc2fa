"""What the exported graph holds, and what it does not."""

import itertools
import re

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.signatures import inputs_of, meta_graph, signatures_of

NODES, BYTES = 2_500, 900_000
DEEP = {"celeba128": 1.6}  # its encoder has 21 convolutions of dlib beside eight of its own
PYTHON = re.compile(r"PyFunc|NumpyFunction")
TRAINING = re.compile(
    r"(?<!Stop)Grad|Apply|Dropout|^Assign|^Save|^Restore|^Random|^Truncated|Queue|Iterator"
)
TABLES = re.compile(r"Table|Queue|Iterator|Barrier|^Stack|Mutex")  # would need an initializer
FLOATS = {tf.bfloat16, tf.float64}


@pytest.fixture(scope="module")
def functions(shipped):
    """Each function that a signature reaches, by its name: its nodes."""
    graph = meta_graph(shipped.path).graph_def
    library = {function.signature.name: function.node_def for function in graph.library.function}
    wanted = [info.name.split(":")[0] for signature in signatures_of(shipped.path).values()
              for info in signature.outputs.values()]  # fmt: skip
    roots = {node.name: node for node in graph.node}
    reached, waiting = {}, [roots[name] for name in wanted]
    while waiting:
        for value in waiting.pop().attr.values():
            for name in {value.func.name, *(function.name for function in value.list.func)} - {""}:
                if name not in reached:
                    reached[name] = library[name]
                    waiting.extend(library[name])
    return reached


def test_signatures_reach_inference_alone(functions):
    ops = {node.op for nodes in functions.values() for node in nodes}
    assert {"Conv2D", "MatMul"} & ops
    assert not {op for op in ops if PYTHON.search(op) or TRAINING.search(op) or TABLES.search(op)}
    assert not [name for name in functions if "grad" in name.lower()]


def test_every_operation_is_tensorflows_own(functions):
    known = {op for op in dir(tf.raw_ops) if op[0].isupper()}
    assert {node.op for nodes in functions.values() for node in nodes} - set(functions) <= known


def test_graph_is_small(shipped, functions):
    share = DEEP.get(shipped.name, 1.0)
    assert sum(map(len, functions.values())) < share * NODES
    assert (shipped.path / "saved_model.pb").stat().st_size < share * BYTES


def test_numbers_are_float32(functions):
    """Weights and the covariances of a fitted prior may be float16, and are cast where read."""
    kinds, halves = set(), set()
    for node in itertools.chain(*functions.values()):
        types = {value.type for value in node.attr.values() if value.HasField("type")}
        kinds |= types
        if tf.float16.as_datatype_enum in types:
            halves.add(node.op)
    assert not {kind.as_datatype_enum for kind in FLOATS} & kinds
    assert halves <= {"ReadVariableOp", "Cast"}
    assert tf.float32.as_datatype_enum in kinds


def test_variables_are_all_restored(shipped):
    """Each handle of the graph is a variable, and the checkpoint has one value for each."""
    graph = meta_graph(shipped.path).graph_def
    handles = [node for node in graph.node if node.op == "VarHandleOp"]
    resources = {node.op for node in graph.node if "Handle" in node.op or "Table" in node.op}
    assert resources == {"VarHandleOp"}
    saved = [
        name for name, _ in tf.train.list_variables(str(shipped.path / "variables" / "variables"))
    ]
    assert len(handles) == len(saved) - 1  # and the object graph


def test_older_servers_need_no_new_defaults(shipped):
    graph = meta_graph(shipped.path)
    assert graph.meta_info_def.stripped_default_attrs
    assert graph.graph_def.versions.min_consumer <= 12  # of TensorFlow 0.12


@pytest.mark.slow
def test_command_line_of_tensorflow_shows_and_runs_every_signature(
    models_dir, tmp_path, capsys, monkeypatch
):
    from tensorflow.python.tools import saved_model_cli

    from keras_vae.inference import registry as runtime

    model = runtime.load(models_dir / "colour", runtime="tensorflow")

    def cli(*arguments):
        monkeypatch.setattr("sys.argv", ["saved_model_cli", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            saved_model_cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    place = ("--dir", model.path, "--tag_set", "serve")
    shown = cli("show", *place)
    for name, inputs in inputs_of(model, count=2).items():
        assert f'"{name}"' in shown
        files = {key: tmp_path / f"{name}.{key}.npy" for key in inputs}
        for key, value in inputs.items():
            np.save(files[key], np.asarray(value))
        fed = ";".join(f"{key}={file}" for key, file in files.items())
        cli("run", *place, "--signature_def", name, "--inputs", fed, "--outdir", tmp_path / name)
        for key, value in model.call(name, **inputs).items():
            written = np.load(tmp_path / name / f"{key}.npy", allow_pickle=True)
            np.testing.assert_array_equal(written, value)
