package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"os"
	"path/filepath"
)

// member is a file of an archive.
type member struct {
	name    string
	mode    int64
	content []byte
}

// archive packs the program with what belongs to it: a zip for Windows, else a tar.gz that
// install.sh installs from.
func (r *release) archive(t target, name, program string, licences []byte) error {
	members := []member{{name: "THIRD-PARTY.txt", mode: 0o644, content: licences}}
	for _, f := range []struct {
		from, as string
		mode     int64
	}{
		{program, filepath.Base(program), 0o755},
		{filepath.Join(r.source, "LICENSE"), "LICENSE", 0o644},
		{filepath.Join(r.source, "README.md"), "README.md", 0o644},
		{filepath.Join(r.source, "config.example.toml"), "config.example.toml", 0o644},
		{filepath.Join(r.source, "install.sh"), "install.sh", 0o755},
	} {
		if t.os == "windows" && f.as == "install.sh" {
			continue
		}
		content, err := os.ReadFile(f.from)
		if err != nil {
			return err
		}
		members = append(members, member{f.as, f.mode, content})
	}
	write, suffix := r.tar, ".tar.gz"
	if t.os == "windows" {
		write, suffix = r.zip, ".zip"
	}
	f, err := os.Create(filepath.Join(r.out, name+suffix))
	if err != nil {
		return err
	}
	if err := write(f, name, members); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (r *release) tar(f *os.File, folder string, members []member) error {
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	for _, m := range members {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: folder + "/" + m.name, Mode: m.mode, Size: int64(len(m.content)), ModTime: r.at, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := w.Write(m.content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return z.Close()
}

func (r *release) zip(f *os.File, folder string, members []member) error {
	z := zip.NewWriter(f)
	for _, m := range members {
		h := &zip.FileHeader{Name: folder + "/" + m.name, Method: zip.Deflate, Modified: r.at}
		h.SetMode(os.FileMode(m.mode))
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := w.Write(m.content); err != nil {
			return err
		}
	}
	return z.Close()
}
