"""What keeps other threads from the interpreter is noticed."""

import time

from benchmarks import interpreter


def test_a_call_that_keeps_the_interpreter_is_seen_as_a_wait():
    took = []

    def calls():
        for _ in range(3):  # one is met from its beginning
            begin = time.thread_time()
            sum(range(2_000_000))  # one call: nobody else goes on before its end
            took.append(time.thread_time() - begin)

    assert interpreter.waits(calls).max() > min(took) / 2
