//go:build unix

package devserver

import "syscall"

// Become replaces this process by an executable: one process serves, and
// nothing is left when it is killed. It returns only with an error.
func Become(path string, args, env []string) (int, error) {
	return 1, syscall.Exec(path, append([]string{path}, args...), env)
}
