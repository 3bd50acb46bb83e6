"""open_clip's own training starts, ours goes on from its checkpoint."""

import json
import logging
from dataclasses import replace

import open_clip
import pytest
import torch

import sde_core as sde
from sde_core import ConfigError, DataError, FinetuneConfig, LossConfig
from sde_core.training import Done, Metrics, Started, Step
from sde_core.training.optimizer import optimizer_tensors
from sde_core.training.plan import Plan
from sde_core.training.prepare import prepare_subject
from sde_core.training.resume import read_any_checkpoint
from tests.fixtures import TINY_CONFIG

CONFIG = FinetuneConfig(
    train="full", epochs=5, batch_size=16, learning_rate=1e-3, evaluate_every=4, device="cpu",
    loss=LossConfig(name="sde"),
)  # fmt: skip


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """``epoch_2.pt`` of two epochs of ``open_clip_train.main`` on its synthetic pictures."""
    from open_clip_train.main import main

    folder = tmp_path_factory.mktemp("open_clip")
    (folder / "sde-tiny-resume.json").write_text(json.dumps(TINY_CONFIG["model_cfg"]))
    open_clip.add_model_config(folder / "sde-tiny-resume.json")
    options = {
        "--model": "sde-tiny-resume", "--dataset-type": "synthetic", "--train-data": "none",
        "--train-num-samples": "16", "--batch-size": "8", "--epochs": "2", "--workers": "0", "--warmup": "1",
        "--lr": "1e-3", "--logs": str(folder / "logs"), "--name": "run", "--save-frequency": "1",
        "--precision": "fp32", "--device": "cpu", "--report-to": "",
    }  # fmt: skip
    # It sets the level of every logger there is.
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    levels = {logger.name: logger.level for logger in _loggers()}
    with torch.random.fork_rng():
        main([word for pair in options.items() for word in pair])
    for logger in _loggers():
        logger.setLevel(levels.get(logger.name, logging.NOTSET))
    root.setLevel(level)
    root.handlers[:] = handlers
    yield folder / "logs/run/checkpoints/epoch_2.pt"
    # Other tests ask which architecture has these shapes.
    open_clip.factory._MODEL_CONFIGS.pop("sde-tiny-resume")
    open_clip.factory._MODEL_CONFIG_PATHS.remove(folder / "sde-tiny-resume.json")


def _loggers() -> list[logging.Logger]:
    return [x for x in logging.root.manager.loggerDict.values() if isinstance(x, logging.Logger)]


@pytest.fixture(scope="module")
def encoder(theirs):
    return sde.load_encoder("sde-tiny-resume", pretrained=theirs, device="cpu")


def test_a_training_of_open_clip_resumes_here(theirs, encoder, shape_shard, tmp_path):
    pairs = sde.open_pairs(shape_shard)
    events = list(sde.finetune(pairs, CONFIG, encoder=encoder, resume=theirs, output=tmp_path))
    started, done = events[0], events[-1]
    assert isinstance(started, Started)
    assert isinstance(done, Done)
    assert (started.first_step, started.total_steps, started.steps_per_epoch) == (4, 10, 2)
    assert [e.step for e in events if isinstance(e, Step)] == [5, 6, 7, 8, 9, 10]
    val = sde.encode_pairs(encoder, pairs).select([40, 41, 42, 43, 44, 45, 46, 47])
    first = next(e for e in events if isinstance(e, Metrics))
    assert dict(first.values) == pytest.approx(sde.retrieval_metrics(val.image, val.text, val.links))
    # What came of it resumes as one of ours.
    rest = list(sde.finetune(pairs, encoder=encoder, resume=done.checkpoint, output=tmp_path))
    assert rest[0].first_step == 10
    assert torch.equal(torch.from_numpy(rest[-1].result.image), torch.from_numpy(done.result.image))


def test_moments_and_steps_go_to_their_parameters(theirs, encoder, shape_shard):
    subject = prepare_subject(sde.open_pairs(shape_shard), CONFIG, encoder, torch.device("cpu"), None)
    plan = Plan(
        subject=subject, config=CONFIG, device=torch.device("cpu"), checkpoint=read_any_checkpoint(theirs)
    )
    training = plan.run(None).training
    content = torch.load(theirs, weights_only=True)
    # open_clip's own rule, on open_clip's own model.
    model = open_clip.create_model("sde-tiny-resume")
    exclude = {n for n, p in model.named_parameters() if p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n}
    names = [n for n, _ in model.named_parameters() if n in exclude]
    names += [n for n, _ in model.named_parameters() if n not in exclude]
    found = optimizer_tensors(training.optimizer, training.model)
    assert len(found) == 3 * len(names)
    for number, name in enumerate(names):
        for kind, value in content["optimizer"]["state"][number].items():
            assert torch.equal(found[f"{kind}.clip.{name}"], value), name
        assert torch.equal(training.model.clip.get_parameter(name), content["state_dict"][name])
    assert float(found["step.clip.logit_scale"]) == 4
    assert training.objective.module.step == 4


def test_what_does_not_fit_is_refused(theirs, encoder, tiny_encoder, shape_shard, tmp_path):
    pairs = sde.open_pairs(shape_shard)
    with pytest.raises(ConfigError, match=r"epochs \(or steps\) must go beyond the checkpoint's 2 epochs"):
        sde.finetune(pairs, replace(CONFIG, epochs=2), encoder=encoder, resume=theirs)
    with pytest.raises(ConfigError, match='train must be "last-block" or "full"'):
        sde.finetune(pairs, replace(CONFIG, train="heads"), encoder=encoder, resume=theirs)
    part = replace(CONFIG, train="last-block", unlocked_groups=1)
    with pytest.raises(ConfigError, match="its optimiser holds 38 parameters, here 3 are trained"):
        sde.finetune(pairs, part, encoder=encoder, resume=theirs)
    with pytest.raises(ConfigError, match="encoder must hold the frozen weights of the checkpoint"):
        sde.finetune(pairs, part, encoder=tiny_encoder, resume=theirs)
    weights = tmp_path / "weights.pt"
    torch.save(torch.load(theirs, weights_only=True)["state_dict"], weights)
    with pytest.raises(
        DataError, match="must be a checkpoint of open_clip's training, with state_dict and epoch"
    ):
        sde.finetune(pairs, CONFIG, encoder=encoder, resume=weights)
    with pytest.raises(DataError, match=r"resume must be a checkpoint; cannot read .*No such file"):
        sde.finetune(pairs, CONFIG, encoder=encoder, resume=tmp_path / "nothing.pt")


def test_code_in_a_pickle_is_not_run(theirs, encoder, shape_shard, tmp_path):
    trap = tmp_path / "trap.pt"
    content = torch.load(theirs, weights_only=True)
    content["epoch"] = _Trap(tmp_path / "sprung")
    torch.save(content, trap)
    with pytest.raises(DataError, match="damaged or holds more than tensors"):
        sde.finetune(sde.open_pairs(shape_shard), CONFIG, encoder=encoder, resume=trap)
    assert not (tmp_path / "sprung").exists()


class _Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))
