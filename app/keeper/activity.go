package keeper

import (
	"kith/app"
	"kith/app/column"
)

// there returns the columns once they are read, nil before, and how far the reading is.
func (k *Keeper) there() (*column.Store, float64) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	select {
	case <-k.loaded:
		return k.cols, 1
	default:
		return nil, min(k.progress(), 0.99)
	}
}

// Active returns how many customers, archived ones left out, have an event since each of up
// to eight instants. Until the columns are there it returns nothing, and how far the reading
// is, below 1.
func (k *Keeper) Active(from []app.Instant) (counts []int64, loading float64) {
	cols, loading := k.there()
	if cols == nil {
		return nil, loading
	}
	cols.RLock()
	defer cols.RUnlock()
	return cols.Active(from, k.now()), 1
}

// EventHours returns, by the name of the event, how many events lie in each of n hours from
// an instant on. ready is false until the columns are there.
func (k *Keeper) EventHours(from app.Instant, n int) (counts map[string][]int64, ready bool) {
	cols, _ := k.there()
	if cols == nil {
		return nil, false
	}
	cols.RLock()
	defer cols.RUnlock()
	return cols.Hours(from, n), true
}
