package program

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// platform is a [Child] as Windows knows it: a job whose only handle is this process's.
// https://learn.microsoft.com/en-us/windows/win32/procthread/job-objects
type platform struct{ job windows.Handle }

// Start starts the command.
func (c *Child) Start() error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return os.NewSyscallError("CreateJobObject", err)
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		windows.CloseHandle(job)
		return os.NewSyscallError("SetInformationJobObject", err)
	}
	if err := c.Cmd.Start(); err != nil {
		windows.CloseHandle(job)
		return err
	}
	c.platform.job = job
	if err := c.assign(); err != nil {
		c.Process.Kill()
		c.Wait()
		return err
	}
	return nil
}

// assign puts the command into the job.
func (c *Child) assign() error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(c.Process.Pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(process)
	return os.NewSyscallError("AssignProcessToJobObject", windows.AssignProcessToJobObject(c.platform.job, process))
}

// Wait waits for the command's end, and ends what is left of its job.
func (c *Child) Wait() error {
	err := c.Cmd.Wait()
	windows.CloseHandle(c.platform.job)
	return err
}

// Signal does nothing: a console tells each of its programs of Ctrl-C itself.
func (c *Child) Signal(os.Signal) {}

// interrupt ends the command: Windows cannot ask it.
func (c *Child) interrupt() { c.Kill() }

// Kill ends the command at once, with all that it has started.
func (c *Child) Kill() { windows.TerminateJobObject(c.platform.job, 1) }
