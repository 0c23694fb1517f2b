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

// tryLock takes the lock of a file, or reports that another has it. Locks are
// mandatory here, so it is one of a byte far beyond the text, which stays
// readable to others.
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

// openOwn opens a file that emu keeps for reading and writing, or makes it. It refuses a
// link, which would be followed.
func openOwn(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && NotOwn(info) != "" {
		return nil, syscall.EINVAL
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// lockFolder locks nothing: here a file that is open cannot be deleted.
func lockFolder(string) (*os.File, error) { return nil, nil }

// Sync does nothing: Windows makes a rename durable without it.
func Sync(string) error { return nil }
