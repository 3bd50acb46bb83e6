import io
import json
import logging
import threading

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


def test_a_late_look_at_a_part_that_has_gone_is_no_line(caplog):
    logger = logging.getLogger("streamlit.runtime.app_session")
    log.leave_out_what_is_no_fault()
    with caplog.at_level(logging.INFO, logger=logger.name):
        logger.info("The fragment with id %s does not exist anymore - it might have been removed", "x")
        logger.info("something else")
    assert {record.getMessage() for record in caplog.records} == {"something else"}


def test_what_jobs_read_in_threads_of_their_own_is_no_line(caplog):
    logger = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    log.leave_out_what_is_no_fault()
    with caplog.at_level(logging.WARNING, logger=logger.name):
        for name in ("jobs-figures", "ahead-0", "ahead-visits", "elsewhere"):
            thread = threading.Thread(target=logger.warning, args=("missing, in %s", name), name=name)
            thread.start()
            thread.join()
    assert {record.getMessage() for record in caplog.records} == {"missing, in elsewhere"}
