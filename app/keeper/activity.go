package keeper

import (
	"context"

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

// Glance describes the values of attributes as far as that is known at once; those of which
// nothing is known are left out.
func (k *Keeper) Glance(names []string, limit int) map[string]app.Values {
	out := map[string]app.Values{}
	cols, loading := k.there()
	if loading < 1 {
		return out
	}
	cols.RLock()
	defer cols.RUnlock()
	for _, name := range names {
		if v, ok := cols.Glance(name, limit); ok {
			out[name] = v
		}
	}
	return out
}

// Common describes an attribute's values over all customers, reading its column if need be.
// While that goes on when ctx ends, ready is false.
func (k *Keeper) Common(ctx context.Context, name string, limit int) (v app.Values, ready bool, err error) {
	for {
		select {
		case <-k.loaded:
		case <-ctx.Done():
			return v, false, nil
		}
		cols, _ := k.there()
		cols.RLock()
		v, ready = cols.Common(name, limit)
		cols.RUnlock()
		if ready {
			return v, true, nil
		}
		if err := k.want(ctx, []column.Need{{Attribute: name}}); err != nil {
			if ctx.Err() != nil {
				return v, false, nil
			}
			return v, false, err
		}
	}
}
