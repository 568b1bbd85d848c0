package command

import (
	"path/filepath"
	"regexp"
	"testing"

	"kith/app"
	"kith/storage"
)

func TestKeys_areLimitedRotatedAndSayWhoDidSo(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	out, _ := kith(t, exitDone, "keys", "create", "shop", "--scopes", "read,track", "--data", data)
	first := regexp.MustCompile(`sk_\S+`).FindString(out)
	out, _ = kith(t, exitDone, "keys", "rotate", "1", "--keep", "1h", "--data", data)
	wantSaid(t, out, `public key +pk_\S+ \(as before\)`, `private key +sk_`, `The one before works until`)
	next := regexp.MustCompile(`sk_\S+`).FindString(out)
	out, _ = kith(t, exitDone, "keys", "list", "--data", data)
	wantSaid(t, out, `shop +pk_\S+ +ends in \S+ +track read`)
	kith(t, exitUsage, "keys", "create", "other", "--scopes", "fly", "--data", data)
	kith(t, exitUsage, "keys", "rotate", "1", "--keep", "9000h", "--data", data)

	db, err := storage.Open(t.Context(), data, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := db.Keys(t.Context())
	if err != nil || len(keys) != 1 || !keys[0].Opens(first, db.Now()) || !keys[0].Opens(next, db.Now()) {
		t.Errorf("both private keys work for an hour: %+v %v", keys, err)
	}
	lines, _, err := db.AuditLog(t.Context(), app.AuditFilter{}, 10)
	if err != nil || len(lines) != 2 || lines[0].Action != "key.rotate" || lines[0].By != app.ByCommand || lines[1].Action != "key.create" {
		t.Errorf("the audit log has %+v %v", lines, err)
	}
}
