package migrations

// One emu for each Worker's state: an advisory lock of the operating system on
// a file that names its holder. The kernel releases it when the holder dies.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Lock is held by the process that uses a Worker's local state.
type Lock struct{ file *os.File }

// InUseError says that another process, or another world of this one, holds a [Lock].
type InUseError struct {
	// PID is the holder's, which may be this process, 0 if it has not written it yet.
	PID int
	// Path is the state folder.
	Path string
}

func (e *InUseError) Error() string {
	switch e.PID {
	case 0:
		return fmt.Sprintf(msgInUseUnknown, e.Path)
	case os.Getpid():
		return fmt.Sprintf(msgInUseHere, e.Path)
	}
	return fmt.Sprintf(msgInUse, e.PID, e.Path)
}

// Hint says how to go on.
func (e *InUseError) Hint() string { return "end it, or " + hintOther }

const hintOther = "take another folder for the stored data: --persist-to"

// FolderError says that a state folder cannot be used.
type FolderError struct {
	Path string
	Err  error
}

func (e *FolderError) Error() string {
	err := e.Err
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Sprintf(msgFolder, e.Path, err)
}

func (e *FolderError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *FolderError) Hint() string { return hintOther }

// Take locks a Worker's state below persist, or fails at once with an
// [InUseError] if another process, or another Lock of this one, holds it. With
// persist "" there is nothing to lock and the Lock is nil.
func Take(persist, worker string) (*Lock, error) {
	if persist == "" {
		return nil, nil
	}
	if err := checkWorker(worker); err != nil {
		return nil, err
	}
	dir := Dir(persist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &FolderError{persist, err}
	}
	file, err := os.OpenFile(filepath.Join(dir, worker+".emu-lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, &FolderError{persist, err}
	}
	taken, err := tryLock(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", file.Name(), err)
	}
	if !taken {
		text, _ := io.ReadAll(io.LimitReader(file, 32))
		file.Close()
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, &InUseError{PID: pid, Path: persist}
	}
	if err = file.Truncate(0); err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

// Release gives the lock up. The file stays: removing it would let two
// processes lock two files of one name. Releasing a nil Lock does nothing.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	// Closing unlocks; a holder's number must not outlive it.
	err := l.file.Truncate(0)
	if cerr := l.file.Close(); err == nil {
		err = cerr
	}
	return err
}
