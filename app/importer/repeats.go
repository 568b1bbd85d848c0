package importer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// repeats counts the rows of a file that are about a customer of an earlier row, however
// many there are: it sorts hashes of the ids, a million at a time, and leaves them in a
// file until they are merged. Of those that repeat it keeps some, for the dry run.
type repeats struct {
	folder string
	run    []uint64
	file   *os.File
	runs   []int64 // length of each run in the file
	twice  map[uint64]struct{}
	// more: there are more that repeat than twice holds.
	more bool
}

const (
	repeatsRun  = 1 << 20
	repeatsKept = 1 << 18
)

func newRepeats(folder string) *repeats {
	return &repeats{folder: folder, twice: map[uint64]struct{}{}}
}

func (r *repeats) add(hash uint64) error {
	if hash == 0 {
		return nil
	}
	r.run = append(r.run, hash)
	if len(r.run) < repeatsRun {
		return nil
	}
	return r.spill()
}

// spill writes the run at hand to the file, sorted.
func (r *repeats) spill() error {
	slices.Sort(r.run)
	if r.file == nil {
		f, err := os.CreateTemp(r.folder, "ids-*.tmp")
		if err != nil {
			return err
		}
		r.file = f
	}
	w := bufio.NewWriterSize(r.file, 256<<10)
	var b [8]byte
	for _, h := range r.run {
		binary.LittleEndian.PutUint64(b[:], h)
		if _, err := w.Write(b[:]); err != nil {
			return err
		}
	}
	r.runs = append(r.runs, int64(len(r.run)))
	r.run = r.run[:0]
	return w.Flush()
}

// close removes the file.
func (r *repeats) close() error {
	if r.file == nil {
		return nil
	}
	name := r.file.Name()
	err := errors.Join(r.file.Close(), os.Remove(name))
	r.file = nil
	return err
}

// finish counts what repeats.
func (r *repeats) finish() (count int64, err error) {
	slices.Sort(r.run)
	sources := []func() (uint64, bool, error){fromSlice(r.run)}
	var at int64
	for _, n := range r.runs {
		in := bufio.NewReaderSize(io.NewSectionReader(r.file, at*8, n*8), 32<<10)
		sources = append(sources, func() (uint64, bool, error) {
			var b [8]byte
			_, err := io.ReadFull(in, b[:])
			if err == io.EOF {
				return 0, false, nil
			}
			return binary.LittleEndian.Uint64(b[:]), err == nil, err
		})
		at += n
	}
	heads := make([]uint64, len(sources))
	live := make([]bool, len(sources))
	for i, next := range sources {
		if heads[i], live[i], err = next(); err != nil {
			return 0, err
		}
	}
	var last uint64
	for {
		least := -1
		for i := range heads {
			if live[i] && (least < 0 || heads[i] < heads[least]) {
				least = i
			}
		}
		if least < 0 {
			r.run = nil
			return count, nil
		}
		if h := heads[least]; h == last {
			count++
			if len(r.twice) < repeatsKept {
				r.twice[h] = struct{}{}
			} else if _, has := r.twice[h]; !has {
				r.more = true
			}
		} else {
			last = h
		}
		if heads[least], live[least], err = sources[least](); err != nil {
			return 0, err
		}
	}
}

func fromSlice(s []uint64) func() (uint64, bool, error) {
	return func() (uint64, bool, error) {
		if len(s) == 0 {
			return 0, false, nil
		}
		h := s[0]
		s = s[1:]
		return h, true, nil
	}
}
