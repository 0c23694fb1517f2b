package emulator_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// TestMain fails if closed worlds have left goroutines or, where the system shows them,
// open files.
func TestMain(m *testing.M) {
	files := openFiles()
	code := m.Run()
	if code == 0 {
		if left := leftRunning(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines are left:\n%s", left)
			code = 1
		}
		if now := openFiles(); now > files+fileSlack {
			fmt.Fprintf(os.Stderr, "%d files are open, %d were before the tests\n", now, files)
			code = 1
		}
	}
	os.Exit(code)
}

// fileSlack is for what the standard library opens once.
const fileSlack = 8

// leftRunning waits a little for goroutines of the emulator to end and shows those
// that do not.
func leftRunning() (left string) {
	for wait := time.Millisecond; wait < 4*time.Second; wait *= 2 {
		var b bytes.Buffer
		pprof.Lookup("goroutine").WriteTo(&b, 2)
		left = ""
		for stack := range strings.SplitSeq(b.String(), "\n\n") {
			if strings.Contains(stack, "/emulator") && !strings.Contains(stack, "TestMain") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(wait)
	}
	return left
}
