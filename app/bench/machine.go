package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Machine is what figures were taken on: without it they say little.
type Machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Cores int    `json:"cores"`
	// CPU and Memory are known on Linux; otherwise "" and 0.
	CPU    string `json:"cpu,omitempty"`
	Memory int64  `json:"memory_bytes,omitempty"`
	// Fsync is the median of writing 4 KB to the disk under test, in milliseconds.
	Fsync float64 `json:"fsync_ms"`
	Go    string  `json:"go"`
	Kith  string  `json:"kith"`
}

// thisMachine describes the machine, and its disk at folder.
func thisMachine(o Options) Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), Kith: o.Version, Fsync: fsyncTime(o.Folder)}
	m.CPU, _ = procValue("/proc/cpuinfo", "model name")
	if text, ok := procValue("/proc/meminfo", "MemTotal"); ok {
		var kb int64
		if n, _ := fmt.Sscanf(text, "%d kB", &kb); n == 1 {
			m.Memory = kb << 10
		}
	}
	return m
}

// String is the machine in a line.
func (m Machine) String() string {
	parts := []string{fmt.Sprintf("%s/%s, %d cores", m.OS, m.Arch, m.Cores)}
	if m.CPU != "" {
		parts = append(parts, m.CPU)
	}
	if m.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GB", float64(m.Memory)/(1<<30)))
	}
	return strings.Join(append(parts, fmt.Sprintf("fsync %.2f ms", m.Fsync), m.Go, "Kith "+m.Kith), ", ")
}

// procValue reads the first "name : value" of a file of Linux.
func procValue(file, name string) (string, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(n) == name {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}

// fsyncTime is the median of 21 writes, 0 where none can be made.
func fsyncTime(folder string) float64 {
	f, err := os.Create(filepath.Join(folder, "fsync"))
	if err != nil {
		return 0
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var times []float64
	block := make([]byte, 4096)
	for range 21 {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0
		}
		if err := f.Sync(); err != nil {
			return 0
		}
		times = append(times, float64(time.Since(start))/float64(time.Millisecond))
	}
	return median(times)
}
