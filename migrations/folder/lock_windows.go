package folder

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

const (
	lockfileFailImmediately = 1
	lockfileExclusiveLock   = 2
	errorLockViolation      = syscall.Errno(33)
)

// tryLock locks a file. It returns false if another process has locked it. A lock of Windows
// keeps others from reading, so tryLock locks one byte far beyond the text.
func tryLock(f *os.File) (bool, error) {
	at := syscall.Overlapped{OffsetHigh: 0x7fffffff}
	ok, _, err := lockFileEx.Call(f.Fd(), lockfileFailImmediately|lockfileExclusiveLock, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case ok != 0:
		return true, nil
	case errors.Is(err, errorLockViolation) || errors.Is(err, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return false, err
}

// openOwn opens or creates one of emu's files. It refuses a link, which os.OpenFile would
// follow.
func openOwn(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && NotOwn(info) != "" {
		return nil, syscall.EINVAL
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// lockFolder does nothing: on Windows nobody can delete the open file of the lock.
func lockFolder(string) (*os.File, error) { return nil, nil }

// Sync does nothing: a rename is durable on Windows without it.
func Sync(string) error { return nil }
