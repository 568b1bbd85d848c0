package storage

import (
	"math/bits"
	"sync/atomic"

	"kith/app"
)

// writerStats is what the writer counts of itself, for others to read at any time.
type writerStats struct {
	failures, jobs, changes, events, flips atomic.Int64
	groups                                 [14]atomic.Int64
}

// took counts a transaction that was committed.
func (s *writerStats) took(jobs []*job, state *state) {
	weight := int64(0)
	for _, j := range jobs {
		weight += j.weight
	}
	s.jobs.Add(int64(len(jobs)))
	s.changes.Add(weight)
	s.groups[min(bits.Len(uint(len(jobs)-1)), len(s.groups)-1)].Add(1)
	s.keep(state)
}

func (s *writerStats) keep(state *state) {
	s.events.Store(state.eventRow)
	s.flips.Store(state.totals[lastEntry])
}

// WriterStats is what the writer has done since the folder was opened.
func (db *DB) WriterStats() app.WriterStats {
	w := db.writer
	out := app.WriterStats{
		Commits: w.commits.Load(), Failures: w.stats.failures.Load(), Jobs: w.stats.jobs.Load(), Changes: w.stats.changes.Load(),
		Waiting: w.backlog.Load(), Events: w.stats.events.Load(), Flips: w.stats.flips.Load(),
	}
	for i := range out.Groups {
		out.Groups[i] = w.stats.groups[i].Load()
	}
	return out
}
