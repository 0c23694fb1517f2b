package program

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// ErrBuild is the error of a program that does not compile. The compiler's output says why.
var ErrBuild = errors.New("the program does not compile")

// Executable is a program that has been built. No other process rebuilds it until this one has
// closed it or ended.
type Executable struct {
	Path string
	lock io.Closer
}

// Itself is the executable of this process.
func Itself() (*Executable, error) {
	path, err := os.Executable()
	return &Executable{path, io.NopCloser(nil)}, err
}

// Close lets other processes build the executable again.
func (e *Executable) Close() error { return e.lock.Close() }

var seed = maphash.MakeSeed()

// Sum is a checksum of the executable, comparable within this process.
func (e *Executable) Sum() (uint64, error) {
	f, err := os.Open(e.Path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var h maphash.Hash
	h.SetSeed(seed)
	_, err = io.Copy(&h, f)
	return h.Sum64(), err
}

// Build compiles the program, and writes the compiler's output to out. The executable is always
// at the same place of the user's cache folder, so that a program that has not changed is not
// linked again. Errors name the package from dir.
func (p *Package) Build(ctx context.Context, out io.Writer, dir string) (*Executable, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, diagnostic.NewError(
			"there is no go command to build Go package "+p.Path(dir)+" with",
			"install Go from https://go.dev/dl/, or run the program itself: PROGRAM dev --config …")
	}
	if !p.direct && !p.imports(ctx, goTool) {
		return nil, p.noWorker(dir)
	}
	path, err := p.executable()
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	// The go command does not remove its temporary files when it is interrupted.
	temp, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "emu-build-")
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("cannot build: %w", err)
	}
	defer os.RemoveAll(temp)
	// The flags override $GOFLAGS. With the commit in it, the executable would be another one
	// after each commit.
	c := exec.Command(goTool, "build", "-o", path, "-buildmode=default", "-buildvcs=false", "-json=false", "-n=false", ".")
	output := &pathWriter{out: out, from: p.Dir, dir: dir}
	c.Env = append(Native(), "GOTMPDIR="+temp)
	c.Dir, c.Stdout, c.Stderr = p.Dir, output, output
	err = (&Child{Cmd: c, Apart: true}).Run(ctx)
	output.flush()
	if err != nil {
		lock.Close()
		var failed *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &failed):
			return nil, ErrBuild
		}
		return nil, fmt.Errorf("cannot run go build: %w", err)
	}
	return &Executable{path, lock}, nil
}

// targeting are the variables that say how to build for a target. If the target is another
// machine, a build for this one must not see them.
var targeting = []string{
	"GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"CC", "CXX", "FC", "AR", "PKG_CONFIG", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS",
}

// Native is the environment of a go command that builds for this machine, whatever the
// user's is set up to build for.
// https://pkg.go.dev/cmd/go#hdr-Environment_variables
func Native() []string {
	env := os.Environ()
	if cmp.Or(os.Getenv("GOOS"), runtime.GOOS) != runtime.GOOS || cmp.Or(os.Getenv("GOARCH"), runtime.GOARCH) != runtime.GOARCH {
		env = slices.DeleteFunc(env, func(e string) bool {
			name, _, _ := strings.Cut(e, "=")
			return slices.Contains(targeting, name)
		})
	}
	return append(env, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

// imports reports whether the program imports package worker, perhaps by way of another package.
// It is true as well if the go command fails, since the build then says why.
func (p *Package) imports(ctx context.Context, goTool string) bool {
	list, err := p.list(ctx, goTool, Native(), nil)
	return err != nil || contains(list, workerPackage)
}

// list lists the packages that the program is made of, one a line.
func (p *Package) list(ctx context.Context, goTool string, env []string, stderr io.Writer) ([]byte, error) {
	c := exec.Command(goTool, "list", "-deps", "-json=false", "-f", "{{.ImportPath}}", ".")
	var list bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = p.Dir, env, &list, stderr
	err := (&Child{Cmd: c, Apart: true}).Run(ctx)
	return list.Bytes(), err
}

// contains reports whether a package is among the lines of a list.
func contains(list []byte, path string) bool {
	return slices.ContainsFunc(bytes.Fields(list), func(b []byte) bool { return string(b) == path })
}

// noWorker is the error of a program that does not import package worker.
func (p *Package) noWorker(dir string) *diagnostic.Error {
	return diagnostic.NewError(
		"Go package "+p.Path(dir)+" is not a Worker: it does not call worker.Main",
		"import "+workerPackage+" and end main with worker.Main(…)")
}

// executable is the path that the program is built to.
func (p *Package) executable() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", diagnostic.NewError("there is no cache folder to build the program in: "+err.Error(), "set it in the environment")
	}
	sum := sha256.Sum256([]byte(p.Dir))
	dir := filepath.Join(cache, "emu", hex.EncodeToString(sum[:8]))
	name := "emu" // as the system will list the process
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the cache folder to build the program in: %w", err)
	}
	return filepath.Join(dir, name), nil
}
