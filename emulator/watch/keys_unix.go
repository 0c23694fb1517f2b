//go:build unix

package watch

import (
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// Terminal reports whether a file is a terminal.
func Terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil
}

// keyMode makes a terminal pass keys on as they are typed, without showing them. Ctrl-C and
// Ctrl-Z keep their meaning. After Ctrl-Z the mode is set again, since the shell has reset it.
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
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, unix.SIGCONT)
	var setting sync.WaitGroup
	setting.Go(func() {
		for range resumed {
			// A process in the background that sets the terminal would be stopped.
			if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && group == unix.Getpgrp() {
				unix.IoctlSetTermios(fd, setTermios, &is)
			}
		}
	})
	return func() {
		signal.Stop(resumed)
		close(resumed)
		setting.Wait()
		unix.IoctlSetTermios(fd, setTermios, was)
	}, nil
}
