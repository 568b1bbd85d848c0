package storage

import "golang.org/x/sys/windows"

// diskSpace is how much of the disk that holds folder this user may still write, and its
// size; both 0 where the system does not say.
func diskSpace(folder string) (free, total int64) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, 0
	}
	var available, size, unused uint64
	if windows.GetDiskFreeSpaceEx(name, &available, &size, &unused) != nil {
		return 0, 0
	}
	return int64(available), int64(size)
}
