package emucmd

import (
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// child is a command that ends when emu does, with all that it has started:
// they are a job whose only handle is emu's.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/procthread/job-objects
type child struct {
	command *exec.Cmd
	job     windows.Handle
}

// startChild starts a command.
func startChild(command *exec.Cmd, _ bool) (*child, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateJobObject", err)
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		windows.CloseHandle(job)
		return nil, os.NewSyscallError("SetInformationJobObject", err)
	}
	if err := command.Start(); err != nil {
		windows.CloseHandle(job)
		return nil, err
	}
	c := &child{command, job}
	if err := c.assign(); err != nil {
		command.Process.Kill()
		c.wait()
		return nil, err
	}
	return c, nil
}

// assign puts the command into the job.
func (c *child) assign() error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(c.command.Process.Pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(process)
	return os.NewSyscallError("AssignProcessToJobObject", windows.AssignProcessToJobObject(c.job, process))
}

// signal does nothing: a console tells every program of Ctrl-C.
func (c *child) signal(os.Signal) {}

func (c *child) kill() { windows.TerminateJobObject(c.job, 1) }

// wait waits for the command's end, and ends what is left of its job.
func (c *child) wait() error {
	err := c.command.Wait()
	windows.CloseHandle(c.job)
	return err
}
