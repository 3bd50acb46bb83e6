import io
import json
import logging

from sde_core import DataError
from sde_explorer.jobs import Job
from sde_explorer.serving import log


def _lines(run) -> list[dict]:
    logger, stream = logging.getLogger(log.NAME), io.StringIO()
    before = logger.handlers[:], logger.level, logger.propagate
    try:
        log.start(stream)
        run()
    finally:
        logger.handlers[:], logger.propagate = before[0], before[2]
        logger.setLevel(before[1])
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _run(work) -> Job:
    job = Job(key="k", kind="encode", title="pairs\nby an encoder", work=work)
    job.run()
    return job


def test_a_job_is_one_line_with_its_figures():
    def work(job):
        job.figures |= {"images": 7}

    (line,) = _lines(lambda: _run(work))
    assert (line["event"], line["kind"], line["status"], line["images"]) == ("job", "encode", "done", 7)
    assert line["title"] == "pairs\nby an encoder"
    assert line["seconds"] >= 0
    assert line["time"].endswith("Z")


def test_a_foreseen_failure_is_its_sentence_and_another_has_an_id():
    def refuse(_):
        raise DataError("pairs must exist")

    (line,) = _lines(lambda: _run(refuse))
    assert (line["status"], line["error"]) == ("failed", "pairs must exist")
    error, line = _lines(lambda: _run(lambda _: {}["secret path"]))
    assert "secret path" in error["traceback"]
    assert "secret path" not in line["error"]
    assert error["id"] in line["error"]
