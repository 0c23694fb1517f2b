// Package folder is the state folder of a Worker on the disk, which one process uses at a time.
package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Dir returns the folder below persist that holds a Worker's ledger, its lock and a
// folder for each namespace.
func Dir(persist string) string { return filepath.Join(persist, "v3", "do") }

const (
	msgInUse        = "another emu process (pid %d) is using %s"
	msgInUseUnknown = "another emu process is using %s"
	msgInUseHere    = "another world of this process is using %s"
	msgFolder       = "cannot use the state folder %s: %w"
	msgFile         = "cannot use %s: %s"
	msgWrangler     = "a running wrangler dev (its workerd is pid %d) has %s open"

	hintOther = "take another folder for the stored data: --persist-to"
)

// CheckWorker refuses a name that would lead out of the state folder.
func CheckWorker(worker string) error {
	if !PlainName(worker) {
		return fmt.Errorf("%q cannot be a Worker's name", worker)
	}
	return nil
}

// PlainName reports whether s is the name of an entry of a folder on every platform.
func PlainName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\:\x00")
}

// folderError says that the state folder cannot be used.
func folderError(persist string, err error) error {
	cause := err
	var at *fs.PathError
	if errors.As(err, &at) {
		cause = at.Err // without the path, which the message has already
	}
	return diagnostic.WithHint(fmt.Errorf(msgFolder, persist, cause), hintOther)
}

// fileError says that a file in the place of one of emu's is not emu's. Writing to it could
// destroy something of the user's.
func fileError(path, why string) error {
	return diagnostic.WithHint(fmt.Errorf(msgFile, path, why), "move it away; emu makes it anew")
}

// ownError is the error of opening one of emu's files. It is about the file if that is not
// emu's, and else about the folder.
func ownError(persist, path string, err error) error {
	if info, lerr := os.Lstat(path); lerr == nil {
		if why := NotOwn(info); why != "" {
			return fileError(path, why)
		}
	}
	return folderError(persist, err)
}

// NotOwn returns why a file cannot be one that emu has made, "" if it can.
func NotOwn(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return "it is a symbolic link, and what it leads to is not emu's"
	case !mode.IsRegular():
		return "it is no regular file"
	}
	return ""
}
