//go:build unix

package program

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// lockRetry is the time between two attempts to get a lock that another process has.
const lockRetry = 20 * time.Millisecond

// lockFile waits for the lock of a file. Closing the file releases it.
func lockFile(ctx context.Context, path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
	if errors.Is(err, syscall.ELOOP) {
		return nil, diagnostic.NewError(path+" is a symbolic link, and emu keeps a lock there", "remove it")
	}
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			select {
			case <-time.After(lockRetry):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	}
}
