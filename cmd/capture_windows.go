package emucmd

import (
	"log"
	"os"
	"os/exec"

	"golang.org/x/sys/windows"
)

func linesOutput() *os.File { return os.Stdout }

// giveLines gives the second process its output.
func giveLines(second *exec.Cmd, real *os.File) { second.Stdout = real }

// redirect points both standard streams to a pipe, and returns where they went before. The runtime
// looks them up at each write; packages os and log have looked them up already.
func redirect(pipe *os.File) (out, err *os.File, failed error) {
	p := windows.CurrentProcess()
	var mine windows.Handle
	if failed = windows.DuplicateHandle(p, windows.Handle(pipe.Fd()), p, &mine, 0, false, windows.DUPLICATE_SAME_ACCESS); failed != nil {
		return nil, nil, os.NewSyscallError("DuplicateHandle", failed)
	}
	out, err = os.Stdout, os.Stderr
	for _, stream := range []uint32{windows.STD_OUTPUT_HANDLE, windows.STD_ERROR_HANDLE} {
		if failed = windows.SetStdHandle(stream, mine); failed != nil {
			return nil, nil, os.NewSyscallError("SetStdHandle", failed)
		}
	}
	os.Stdout = os.NewFile(uintptr(mine), "stdout")
	os.Stderr = os.Stdout
	log.SetOutput(os.Stderr)
	return out, err, nil
}

func restore(o *output) {
	windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(o.out.Fd()))
	windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(o.err.Fd()))
	os.Stdout.Close()
	os.Stdout, os.Stderr = o.out, o.err
	log.SetOutput(os.Stderr)
}

// heritable is false: on Windows the program is a process of its own, which captures its output
// itself.
const heritable = false

func (o *output) describe() string { return "" }

func inherit(string) *output { return nil }
