//go:build unix

package emucmd

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// heritable reports whether the program that emu becomes inherits its streams.
const heritable = true

// linesFile is the descriptor that the second process writes to. It has no standard streams, so that
// the packages of the program, which run in it too, print nothing twice.
const linesFile = 3

func linesOutput() *os.File { return os.NewFile(linesFile, "lines") }

// giveLines gives the second process its output. It has a process group of its own, so that a signal
// for the program does not end it before it has shown everything.
func giveLines(second *exec.Cmd, real *os.File) {
	second.ExtraFiles = []*os.File{real}
	second.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// redirect points both standard streams to a pipe, and returns where they went before.
func redirect(pipe *os.File) (out, err *os.File, failed error) {
	if out, failed = duplicate(1); failed != nil {
		return nil, nil, failed
	}
	if err, failed = duplicate(2); failed != nil {
		return nil, nil, failed
	}
	for fd := 1; fd <= 2; fd++ {
		if failed = unix.Dup2(int(pipe.Fd()), fd); failed != nil {
			return nil, nil, os.NewSyscallError("dup2", failed)
		}
	}
	return out, err, nil
}

func duplicate(fd int) (*os.File, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	return os.NewFile(uintptr(dup), fmt.Sprintf("stream %d", fd)), nil
}

func restore(o *output) {
	unix.Dup2(int(o.out.Fd()), 1)
	unix.Dup2(int(o.err.Fd()), 2)
}

// describe describes the output to the program that this process becomes, which inherits it.
func (o *output) describe() string {
	for _, f := range []*os.File{o.out, o.err} {
		unix.FcntlInt(f.Fd(), unix.F_SETFD, 0)
	}
	return fmt.Sprintf("%s %d %d %d", o.token, o.second.Pid, o.out.Fd(), o.err.Fd())
}

// inherit is the output that describe has described, nil if the description is malformed.
func inherit(described string) *output {
	o := &output{}
	var pid int
	var out, err uintptr
	if n, _ := fmt.Sscan(described, &o.token, &pid, &out, &err); n != 4 {
		return nil
	}
	o.out, o.err = os.NewFile(out, "stream 1"), os.NewFile(err, "stream 2")
	syscall.CloseOnExec(int(out))
	syscall.CloseOnExec(int(err))
	o.second, _ = os.FindProcess(pid) // becoming a program keeps the children
	return o
}
