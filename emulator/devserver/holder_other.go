//go:build !linux

package devserver

func holder(int) string { return "" }
