package storage_test

func countEvents(folder string) error { return nil }
