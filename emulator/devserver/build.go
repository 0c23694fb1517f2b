package devserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// ErrBuild is the error of a program that does not compile; the compiler has
// said why.
var ErrBuild = errors.New("the program does not compile")

// ErrNoGo is the error of a machine without Go.
var ErrNoGo = errors.New("there is no go command to build the program with")

// Build compiles the program and returns the executable. What the compiler says goes to
// out. The executable is always the same file, so that a program that has not
// changed is not linked again.
func (p *Program) Build(ctx context.Context, out io.Writer) (string, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", ErrNoGo
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(p.Dir))
	bin := filepath.Join(cache, "emu", hex.EncodeToString(sum[:8]), filepath.Base(p.Dir))
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	if err := os.MkdirAll(filepath.Dir(bin), 0o777); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, goTool, "build", "-o", bin, ".")
	c.Dir, c.Stdout, c.Stderr = p.Dir, out, out
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", ErrBuild
		}
		return "", fmt.Errorf("cannot run go build: %w", err)
	}
	return bin, nil
}
