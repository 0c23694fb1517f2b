//go:build unix

package devserver

import (
	"os"

	"golang.org/x/sys/unix"
)

// keyMode lets a terminal give its keys as they are typed, without showing
// them. Ctrl-C and Ctrl-Z stay what they are.
func keyMode(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	was, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	is := *was
	is.Lflag &^= unix.ICANON | unix.ECHO
	is.Cc[unix.VMIN], is.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, setTermios, &is); err != nil {
		return nil, err
	}
	return func() { unix.IoctlSetTermios(fd, setTermios, was) }, nil
}
