package bench

import (
	"fmt"
	"path/filepath"
	"time"
)

// Start measures the time from starting the program to its first answer: with an empty
// folder, and with a number of customers.
func Start(o Options, count int) (*Report, error) {
	r := newReport(o)
	empty, err := o.startTimes("empty")
	if err != nil {
		return nil, err
	}
	r.Figures = append(r.Figures, Figure{Name: "start to the first answer, empty folder", Unit: "ms", Value: median(empty), Goal: "under 300", Met: median(empty) < 300})
	if count == 0 {
		return r, nil
	}
	s, err := o.Start("kith", filepath.Join(o.Folder, "full"))
	if err != nil {
		return nil, err
	}
	err = o.makeCustomers(s, count)
	s.Stop()
	if err != nil {
		return nil, err
	}
	full, err := o.startTimes("full")
	if err != nil {
		return nil, err
	}
	r.Figures = append(r.Figures, Figure{Name: fmt.Sprintf("start to the first answer, %s customers", number(float64(count))), Unit: "ms", Value: median(full), Goal: "under 1000", Met: median(full) < 1000})
	return r, nil
}

// startTimes starts a server some times. An empty folder is a new one each time.
func (o Options) startTimes(name string) ([]float64, error) {
	var out []float64
	for round := range o.Rounds {
		folder := filepath.Join(o.Folder, name)
		if name == "empty" {
			folder = fmt.Sprint(folder, round)
		}
		began := time.Now()
		s, err := o.Start("kith", folder)
		if err != nil {
			return nil, err
		}
		err = send(s, request(s, "GET", "/readyz", nil))
		out = append(out, float64(time.Since(began).Microseconds())/1000)
		s.Stop()
		if err != nil {
			return nil, fmt.Errorf("the first request: %w", err)
		}
	}
	return out, nil
}

// Memory sends single events without pause for a time and holds that the memory does
// not grow once the caches are full: its median of the last fifth is compared with that
// of the second.
func Memory(o Options) (*Report, error) {
	r := newReport(o)
	s, err := o.Start("kith", filepath.Join(o.Folder, "memory"))
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	time.Sleep(time.Second) // let it settle before its memory is read
	idle := float64(s.RSS()) / (1 << 20)
	if err := warm(s, o); err != nil {
		return nil, err
	}
	stop, done := make(chan struct{}), make(chan []float64)
	go func() {
		var sizes []float64
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				sizes = append(sizes, float64(s.RSS())/(1<<20))
			case <-stop:
				done <- sizes
				return
			}
		}
	}()
	res, err := load(s, singleConns, o.duration(), func(n int64) []byte { return singleEvent(s, n) })
	close(stop)
	sizes := <-done
	if err != nil {
		return nil, err
	}
	fifth := max(1, len(sizes)/5)
	early, late := median(sizes[fifth:min(2*fifth, len(sizes))]), median(sizes[len(sizes)-fifth:])
	r.Figures = append(r.Figures,
		Figure{Name: "memory when idle, empty folder", Unit: "MB", Value: idle, Goal: "under 60", Met: idle < 60},
		Figure{Name: "single events meanwhile", Unit: "events/s", Value: res.rate(), Met: true},
		Figure{Name: "memory in the second fifth", Unit: "MB", Value: early, Met: true},
		Figure{Name: "memory in the last fifth", Unit: "MB", Value: late, Goal: "no growth (under 5 %)", Met: late < early*1.05})
	return r, nil
}
