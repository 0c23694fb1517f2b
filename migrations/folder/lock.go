package folder

// The lock that keeps a second emu away from the state of a Worker. It is an advisory lock of
// the operating system on a file, in which the holder writes its process id. The kernel
// releases it when the holder dies. A user may delete the file, and a second emu would then
// lock a new one: therefore the folders of the namespaces are locked too.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Lock is the right of this process to use the local state of a Worker.
type Lock struct {
	file    *os.File
	persist string
	folders map[string]*os.File // of namespaces, by their unique keys
}

// InUseError says that another process, or another world of this one, holds a [Lock].
type InUseError struct {
	// PID is the process id of the holder, which can be this process. It is 0 if the
	// holder has not written it yet.
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

// Hint returns what to do instead.
func (e *InUseError) Hint() string { return "end it, or " + hintOther }

// Hold also locks the folder of a namespace, if it exists. On a nil Lock it does nothing.
func (l *Lock) Hold(uniqueKey string) error {
	if l == nil || l.folders[uniqueKey] != nil {
		return nil
	}
	folder, err := lockFolder(filepath.Join(Dir(l.persist), uniqueKey))
	switch {
	case errors.Is(err, errTaken):
		return &InUseError{Path: l.persist}
	case err != nil || folder == nil:
		return nil // no folder, or a file system that cannot lock one
	}
	if l.folders == nil {
		l.folders = map[string]*os.File{}
	}
	l.folders[uniqueKey] = folder
	return nil
}

// errTaken means that another process has locked the folder.
var errTaken = errors.New("taken")

// maxRetaken limits the attempts to lock a file that is deleted in between.
const maxRetaken = 100

// Take locks the state of a Worker below persist, or fails at once with an [InUseError]
// if another process, or another Lock of this one, holds it. With persist "" there is
// nothing to lock and the Lock is nil.
func Take(persist, worker string) (*Lock, error) {
	if persist == "" {
		return nil, nil
	}
	if err := CheckWorker(worker); err != nil {
		return nil, err
	}
	dir := Dir(persist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, folderError(persist, err)
	}
	path := filepath.Join(dir, worker+".emu-lock")
	for range maxRetaken {
		file, err := openOwn(path)
		if err != nil {
			return nil, ownError(persist, path, err)
		}
		switch err := claim(file, persist, path); err {
		case nil:
			return &Lock{file: file, persist: persist}, nil
		case errDeleted:
			file.Close()
		default:
			file.Close()
			return nil, err
		}
	}
	return nil, folderError(persist, fmt.Errorf("%s is deleted again and again", path))
}

// errDeleted means that the file was deleted after it was opened: another process could lock
// a new one.
var errDeleted = errors.New("deleted")

// claim locks a file and writes this process's id into it.
func claim(file *os.File, persist, path string) error {
	taken, err := tryLock(file)
	if err != nil {
		return fmt.Errorf("cannot lock %s: %w", file.Name(), err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPID))
	if err != nil {
		return folderError(persist, err)
	}
	pid, isPID := holderIn(text)
	switch {
	case !taken:
		return &InUseError{PID: pid, Path: persist}
	case !isPID:
		return fileError(path, "it is not a lock of emu's, but holds something else")
	case !isAt(file, path):
		return errDeleted
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return folderError(persist, err)
	}
	return nil
}

// maxPID is more bytes than a process id has.
const maxPID = 32

// holderIn reads the process id of a holder. A lock that was released has an empty file.
func holderIn(text []byte) (pid int, ok bool) {
	number := strings.TrimSpace(string(text))
	if number == "" {
		return 0, true
	}
	pid, err := strconv.Atoi(number)
	return pid, err == nil && pid > 0 && len(text) < maxPID
}

// isAt reports whether a path still names an open file.
func isAt(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}

// Release releases the lock. It leaves the file: after a removal two processes could lock two
// files of one name. On a nil Lock it does nothing.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	// Closing the file unlocks it. It is emptied first, so that it names no process that is gone.
	for _, folder := range l.folders {
		folder.Close()
	}
	err := l.file.Truncate(0)
	if cerr := l.file.Close(); err == nil {
		err = cerr
	}
	return err
}
