package devserver

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// certificateIn makes a certificate in a state folder, or reads it, and returns what the
// log says.
func certificateIn(t *testing.T, persist string, hosts ...string) (tls.Certificate, string, error) {
	t.Helper()
	var out bytes.Buffer
	cert, err := Certificate(&Log{Level: LevelLog, Out: &out, Err: &out}, persist, hosts...)
	return cert, out.String(), err
}

func readable(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm() & 0o077
}

// TestCertificate: it is kept, made anew for other hosts, and nobody else can read it,
// whatever was there.
func TestCertificate(t *testing.T) {
	persist := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(persist, certificateFile)
	first, said, err := certificateIn(t, persist)
	if err != nil || said != "" {
		t.Fatalf("%v, %q", err, said)
	}
	again, _, err := certificateIn(t, persist)
	if err != nil || Fingerprint(again) != Fingerprint(first) {
		t.Errorf("it is not kept: %v", err)
	}
	other, _, err := certificateIn(t, persist, "shop.example.com")
	if err != nil || Fingerprint(other) == Fingerprint(first) || other.Leaf.VerifyHostname("shop.example.com") != nil {
		t.Errorf("another host: %v", err)
	}
	if entries, _ := os.ReadDir(persist); len(entries) != 1 {
		t.Errorf("there are %v", entries)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, mode := range []fs.FileMode{0o666, 0o640, 0o604, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		cert, said, err := certificateIn(t, persist, "shop.example.com")
		if err != nil || Fingerprint(cert) != Fingerprint(other) {
			t.Errorf("mode %o: %v", mode, err)
		}
		if got := readable(t, path); got != 0 || !strings.Contains(said, "others could use the key in "+path) {
			t.Errorf("mode %o: others have %o, and it says %q", mode, got, said)
		}
		if _, said, _ := certificateIn(t, persist, "shop.example.com"); said != "" {
			t.Errorf("mode %o: it says it twice: %q", mode, said)
		}
	}
	// One that is made anew keeps no permissions of the one before.
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := certificateIn(t, persist, "another.example.com"); err != nil || readable(t, path) != 0 {
		t.Errorf("made anew: %v, others have %o", err, readable(t, path))
	}
}

// TestCertificateForeign: what lies in its place and is none of emu's is refused and
// stays as it is.
func TestCertificateForeign(t *testing.T) {
	const text = "dear to somebody\n"
	for name, c := range map[string]struct {
		put func(precious, path string) error
		err string
	}{
		"symbolic link":   {os.Symlink, " is a symbolic link, and emu keeps its certificate there"},
		"link to nothing": {func(precious, path string) error { return os.Symlink(precious+"-not-there", path) }, " is a symbolic link, and emu keeps its certificate there"},
		"hard link":       {os.Link, " is not a certificate of emu's, and none that serves here"},
		"another file":    {func(_, path string) error { return os.WriteFile(path, []byte(text), 0o600) }, " is not a certificate of emu's, and none that serves here"},
		"folder":          {func(_, path string) error { return os.Mkdir(path, 0o777) }, " is no regular file, and emu keeps its certificate there"},
	} {
		t.Run(name, func(t *testing.T) {
			persist := t.TempDir()
			precious, path := filepath.Join(t.TempDir(), "precious"), filepath.Join(persist, certificateFile)
			if err := errors.Join(os.WriteFile(precious, []byte(text), 0o600), os.Chmod(precious, 0o644)); err != nil {
				t.Fatal(err)
			}
			if err := c.put(precious, path); err != nil {
				t.Skip(err)
			}
			_, _, err := certificateIn(t, persist)
			if err == nil || err.Error() != path+c.err {
				t.Errorf("error %v", err)
			}
			if hint, ok := err.(interface{ Hint() string }); !ok || hint.Hint() == "" {
				t.Error("no hint")
			}
			if info, err := os.Stat(precious); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
				t.Errorf("the other file has %v (%v)", info.Mode(), err)
			}
			if got, err := os.ReadFile(precious); err != nil || string(got) != text {
				t.Errorf("the other file holds %q (%v)", got, err)
			}
			if _, err := os.Stat(precious + "-not-there"); err == nil {
				t.Error("a file was made behind the link")
			}
		})
	}
	// An empty file holds nothing that could be lost.
	persist := t.TempDir()
	if err := os.WriteFile(filepath.Join(persist, certificateFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if cert, _, err := certificateIn(t, persist); err != nil || cert.Leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("an empty file: %v", err)
	}
}
