package devserver

// https://www.rfc-editor.org/rfc/rfc5280

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// certificateFile is the certificate with its key, in the state folder.
const certificateFile = "emu-https.pem"

const (
	certified = 365 * 24 * time.Hour
	// renewing is how long before its end a certificate is replaced.
	renewing = 24 * time.Hour
)

// commonName is the subject of emu's certificates.
const commonName = "emu dev"

// Certificate reads emu's certificate from a state folder, or makes one for localhost, both
// loopback addresses and the hosts. It does not overwrite a file that is no certificate of emu's.
// The log may be nil.
func Certificate(log *Log, persist string, hosts ...string) (tls.Certificate, error) {
	path := filepath.Join(persist, certificateFile)
	text, err := readKey(log, path)
	if err != nil {
		return tls.Certificate{}, err
	}
	if cert, err := tls.X509KeyPair(text, text); err == nil && serves(cert.Leaf, hosts) {
		return cert, nil
	} else if len(text) > 0 && (err != nil || cert.Leaf.Subject.CommonName != commonName) {
		return tls.Certificate{}, diagnostic.NewError(path+" is not a certificate of emu's, and none that serves here", "move it away, or name it with --https-cert-path and --https-key-path")
	}
	text, err = certify(hosts, time.Now())
	if err == nil {
		err = os.MkdirAll(persist, 0o777)
	}
	if err == nil {
		err = writeKey(path, text)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot make a certificate: %w", err)
	}
	return tls.X509KeyPair(text, text)
}

// readKey reads a file with a key, and makes it readable by its owner only. It returns nothing if
// the file does not exist. It follows no link.
func readKey(log *Log, path string) ([]byte, error) {
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !named.Mode().IsRegular() {
		what := "no regular file"
		if named.Mode()&fs.ModeSymlink != 0 {
			what = "a symbolic link"
		}
		return nil, diagnostic.NewError(path+" is "+what+", and emu keeps its certificate there", "remove it, or name a certificate of your own with --https-cert-path and --https-key-path")
	}
	var text []byte
	if err == nil {
		text, err = readOwn(log, path, named)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate: %w", err)
	}
	return text, nil
}

// readOwn reads the file that named describes, and not one that has replaced it since.
func readOwn(log *Log, path string, named fs.FileInfo) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, named) {
		err = fmt.Errorf("%s is replaced while it is read", path)
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	const others = 0o077
	was := info.Mode().Perm()
	if _, err := tls.X509KeyPair(text, text); err != nil || runtime.GOOS == "windows" || was&others == 0 {
		return text, nil // no key, or nobody else's
	}
	if err := f.Chmod(was &^ others); err != nil {
		return nil, diagnostic.NewError("others can use the key in "+path+": "+err.Error(), "remove it; emu makes another")
	}
	// A file system without permissions keeps them as they are.
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&others == 0 && log != nil {
		log.Say(fmt.Sprintf("others could use the key in %s (its permissions were %04o, now they are %04o): remove it for a new one", path, was, info.Mode().Perm()))
	}
	return text, nil
}

// writeKey writes a file that only its owner can read. It replaces a file as a whole, and follows
// no link.
func writeKey(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// serves reports whether a certificate is still valid for hosts.
func serves(c *x509.Certificate, hosts []string) bool {
	for _, h := range hosts {
		if c.VerifyHostname(h) != nil {
			return false
		}
	}
	return time.Until(c.NotAfter) > renewing
}

// certify makes a certificate and its key.
func certify(hosts []string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certified),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: signed})
	pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	return b.Bytes(), nil
}

// Fingerprint is a certificate's SHA-256, as browsers show it.
func Fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}
