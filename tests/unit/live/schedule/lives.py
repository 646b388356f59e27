"""A schedule that is lived through: clocks that are set, processes that die, rows that stay."""

from __future__ import annotations

from quorate.live.schedule.due import Do, due
from quorate.store.jobs import JobRun, JobState

ENDS = {Do.SKIP: JobState.SKIPPED, Do.MISS: JobState.MISSED}


class World:
    """Rows by key, one process at a time, and what it runs."""

    def __init__(self, schedule, now_ms):
        self.schedule = schedule
        self.now_ms = now_ms
        self.rows = {}
        self.life = 0
        self.going = {}
        self.begun = []
        self.taken_back = 0

    def tick(self):
        """Do all that is due, as a runner does: again until nothing is."""
        for _ in range(10_000):
            found = due(
                self.schedule,
                [self.rows[key] for key in sorted(self.rows, key=lambda key: key[1])],
                self.now_ms,
                going=self.going,
                living=frozenset({str(self.life)}),
            )
            if not found:
                return
            for action in found:
                self.carry_out(action)
        raise AssertionError("it never comes to rest")

    def carry_out(self, action):
        key = (action.job, action.planned_ms)
        if action.do is Do.WITHDRAW:
            assert self.rows.pop(key).started_ms is None
            self.taken_back += 1
        elif action.do is Do.LOSE:
            assert key not in self.going
            self.rows[key] = self.rows[key]._replace(state=JobState.LOST)
        elif action.do is Do.STOP:
            del self.going[key]
            self.rows[key] = self.rows[key]._replace(state=JobState.FAILED)
        elif action.do is Do.START:
            before = self.rows.get(key)
            assert action.planned_ms <= self.now_ms
            assert (before is None) == (action.attempt == 1)
            assert before is None or before.state is JobState.LOST
            self.rows[key] = JobRun(
                *key, JobState.STARTED, action.reason, started_ms=self.now_ms,
                attempt=action.attempt, owner=str(self.life),
            )  # fmt: skip
            self.going[key] = 0
            self.begun.append((*key, self.now_ms))
        else:
            assert key not in self.rows
            self.rows[key] = JobRun(*key, ENDS[action.do], action.reason)

    def end(self, *, ok=True):
        """End what has been going longest."""
        if self.going:
            key = next(iter(self.going))
            del self.going[key]
            state = JobState.DONE if ok else JobState.FAILED
            self.rows[key] = self.rows[key]._replace(state=state)

    def end_all(self):
        """End everything, and what begins then, until nothing does."""
        self.tick()
        while self.going:
            self.end()
            self.tick()

    def passes(self, ms, *, set_by=0):
        """Let time pass, by the clock of the process and by one that somebody sets."""
        self.now_ms += ms + set_by
        self.going = {key: went + ms for key, went in self.going.items()}

    def dies(self):
        """Kill the process, and start the next."""
        self.going = {}
        self.life += 1

    def of(self, job):
        return {at: row for (name, at), row in sorted(self.rows.items()) if name == job}
