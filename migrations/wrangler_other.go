//go:build !linux

package migrations

func workerdIn([]string) (pid int, dir string) { return 0, "" }
