//go:build !linux

package devserver

func listenerOf(int) string { return "" }
