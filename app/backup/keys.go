package backup

import (
	"fmt"
	"os"
	"strings"

	"kith/app"

	"filippo.io/age"
)

// passphraseWork makes a guess at a passphrase cost some 0.2 s and 64 MB.
const passphraseWork = 16

// passphraseLeast characters are beyond what can be guessed at that cost.
const passphraseLeast = 12

// Recipients are those who may read backups: public keys of age ("age1…"), apart by commas
// or spaces, or whoever knows the passphrase. With neither, backups are not encrypted.
func Recipients(keys, passphrase string) ([]age.Recipient, error) {
	fields := strings.FieldsFunc(keys, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	if len(fields) > 0 && passphrase != "" {
		return nil, app.Invalid("", "A backup is encrypted for keys or with a passphrase, not both.")
	}
	if passphrase != "" {
		if len([]rune(passphrase)) < passphraseLeast {
			return nil, app.Invalid("", "The passphrase of backups (backup.passphrase) is too short to keep anybody out. Give at least %d characters, or a key: `age-keygen -o key.txt` makes one.", passphraseLeast)
		}
		r, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return nil, err
		}
		r.SetWorkFactor(passphraseWork)
		return []age.Recipient{r}, nil
	}
	if len(fields) == 0 {
		return nil, nil
	}
	found, err := age.ParseRecipients(strings.NewReader(strings.Join(fields, "\n")))
	if err != nil {
		return nil, app.Invalid("", "%q is no public key of age; `age-keygen -o key.txt` makes a pair and shows the public one (age1…).", keys)
	}
	return found, nil
}

// Identities are the keys to encrypted backups: those in a file of age-keygen, and what a
// passphrase opens. Either may be "".
func Identities(file, passphrase string) ([]age.Identity, error) {
	var out []age.Identity
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the key: %w; --identity names the file that `age-keygen -o FILE` made", err)
		}
		defer f.Close()
		if out, err = age.ParseIdentities(f); err != nil {
			return nil, app.Invalid("", "%s holds no key of age: it must be the file that `age-keygen -o FILE` made.", file)
		}
	}
	if passphrase != "" {
		id, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}
