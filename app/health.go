package app

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// SnapshotState is what one state of the database holds, by which a copy of it is checked.
type SnapshotState struct {
	Schema int              // its number
	Bytes  int64            // of the database file
	Counts map[string]int64 // rows by table
}

// Quarantine says that the data came from a backup: until a person confirms it, nothing is
// sent, for what the backup has waiting may have been sent long ago.
type Quarantine struct {
	Since Instant // of the restore
	Of    Instant // when the backup was made
	File  string  // the backup's name
}

type quarantineJSON struct {
	Since int64  `json:"since"`
	Of    int64  `json:"of"`
	File  string `json:"file"`
}

// Encode is how a quarantine is kept.
func (q Quarantine) Encode() string {
	b, _ := json.Marshal(quarantineJSON{int64(q.Since), int64(q.Of), q.File})
	return string(b)
}

// DecodeQuarantine is the reverse of Encode.
func DecodeQuarantine(text []byte) (*Quarantine, error) {
	var q quarantineJSON
	if err := json.Unmarshal(text, &q); err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return &Quarantine{Instant(q.Since), Instant(q.Of), q.File}, nil
}

// Bytes writes a number of bytes as people read it, such as "1.4 GB".
func Bytes(n int64) string {
	const units = "kMGTPE"
	if n < 1000 && n > -1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, unit := float64(n), 0
	for f = f / 1000; (f >= 999.5 || f <= -999.5) && unit < len(units)-1; unit++ {
		f /= 1000
	}
	digits := 1
	if f >= 99.95 || f <= -99.95 {
		digits = 0
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + units[unit:unit+1] + "B"
}

// Disk is the disk that holds the data folder. Total is 0 where the system does not say.
type Disk struct {
	Free, Total int64 // bytes; Free is what this user may still write
	Database    int64 // bytes of the database file
	Log         int64 // bytes of its log (WAL)
	// Low says that writing is off until there is space again.
	Low bool
}

// FileCheck is the last look at the database file as a whole.
type FileCheck struct {
	At    Instant // 0: not yet
	Took  time.Duration
	Fault string // "" is sound
}

// BackupFile is a backup that lies in the folder of backups.
type BackupFile struct {
	Name      string
	At        Instant // when the state that it holds was the newest
	Bytes     int64
	Encrypted bool
	// Opens says that this Kith can open it: it is not encrypted, or with its own passphrase.
	Opens bool
	// Checked is when it was last taken apart and looked at, 0 for not since the start; Fault
	// is what was found, "" when it is whole. Checking says that this is under way.
	Checked  Instant
	Fault    string
	Checking bool
}

// BackupState is how the backups are doing.
type BackupState struct {
	Folder string
	Every  time.Duration // 0: none are made by themselves
	Keep   int
	Next   Instant // 0: none is due
	// Running says that one is being made just now.
	Running bool
	// Fault is why the last attempt failed, "" when it did not.
	Fault string
	// Files are newest first.
	Files []BackupFile
}

// WriterStats is what the writer has done since the start.
type WriterStats struct {
	Commits  int64
	Failures int64 // transactions that were undone
	Jobs     int64 // requests that were committed
	Changes  int64 // and rows of files
	Waiting  int64 // Changes that wait
	// Groups counts transactions by how many requests shared them: up to 1, 2, 4 … and more.
	Groups [14]int64
	// Events and Flips are those ever stored: events, and entries and leavings of segments.
	Events, Flips int64
}
