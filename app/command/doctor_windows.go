package command

// permissionsCount says that the bits of a file's mode say who may read it.
const permissionsCount = false

// openFilesLimit is not a number here.
func openFilesLimit() (most uint64, known bool) { return 0, false }
