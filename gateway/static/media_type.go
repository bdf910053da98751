package static

import (
	"path"
	"strings"

	"github.com/berth-project/berth/gateway/compress"
)

// mediaType is what is known of files with one ending.
type mediaType struct {
	// values are those of Content-Type. They are shared: nobody may write into
	// them in place.
	values []string
	// compressible says that files of the type are worth a compressed variant.
	compressible bool
}

func newMediaType(name string) *mediaType {
	var standard compress.Config
	return &mediaType{values: []string{name}, compressible: standard.Compressible(name)}
}

// typeOf is the media type of a file by its ending. The table is Berth's own:
// what a file is called must not depend on what else is installed.
func typeOf(name string) *mediaType {
	ending := path.Ext(name)
	if t, ok := typesByEnding[ending]; ok {
		return t
	}
	if t, ok := typesByEnding[strings.ToLower(ending)]; ok {
		return t
	}
	return unknownType
}

var (
	unknownType   = newMediaType("application/octet-stream")
	typesByEnding = func() map[string]*mediaType {
		types := make(map[string]*mediaType, len(mediaTypes))
		for ending, name := range mediaTypes {
			types[ending] = newMediaType(name)
		}
		return types
	}()
)

// mediaTypes are the registered types of endings found on the web.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".xhtml": "application/xhtml+xml",
	".css": "text/css; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".text": "text/plain; charset=utf-8",
	".log": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".tsv": "text/tab-separated-values; charset=utf-8",
	".md": "text/markdown; charset=utf-8", ".ics": "text/calendar; charset=utf-8", ".vcf": "text/vcard; charset=utf-8",
	".vtt": "text/vtt; charset=utf-8", ".srt": "application/x-subrip",
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".cjs": "text/javascript; charset=utf-8",
	".json": "application/json", ".map": "application/json", ".jsonld": "application/ld+json", ".geojson": "application/geo+json",
	".topojson": "application/json", ".ndjson": "application/x-ndjson", ".jsonl": "application/jsonl",
	".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".har": "application/json",
	".xml": "application/xml", ".xsl": "application/xslt+xml", ".xsd": "application/xml", ".rss": "application/rss+xml",
	".atom": "application/atom+xml", ".kml": "application/vnd.google-earth.kml+xml", ".kmz": "application/vnd.google-earth.kmz",
	".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml", ".sql": "application/sql",
	".svg": "image/svg+xml", ".png": "image/png", ".apng": "image/apng",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif",
	".jxl": "image/jxl", ".heic": "image/heic", ".heif": "image/heif", ".bmp": "image/bmp", ".tif": "image/tiff",
	".tiff": "image/tiff", ".ico": "image/x-icon", ".cur": "image/x-icon",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf", ".ttc": "font/collection",
	".eot": "application/vnd.ms-fontobject",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".oga": "audio/ogg",
	".opus": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac", ".mid": "audio/midi", ".midi": "audio/midi",
	".weba": "audio/webm", ".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg",
	".mov": "video/quicktime", ".avi": "video/x-msvideo", ".mkv": "video/matroska", ".mpeg": "video/mpeg",
	".mpg": "video/mpeg", ".ts": "video/mp2t", ".3gp": "video/3gpp", ".m3u8": "application/vnd.apple.mpegurl",
	".mpd": "application/dash+xml",
	".pdf": "application/pdf", ".rtf": "application/rtf", ".epub": "application/epub+zip", ".ps": "application/postscript",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".odp": "application/vnd.oasis.opendocument.presentation", ".parquet": "application/vnd.apache.parquet",
	".zip": "application/zip", ".gz": "application/gzip", ".tgz": "application/gzip", ".br": "application/octet-stream",
	".zst": "application/zstd", ".bz2": "application/x-bzip2", ".xz": "application/x-xz", ".tar": "application/x-tar",
	".7z": "application/x-7z-compressed", ".rar": "application/vnd.rar", ".jar": "application/java-archive",
	".apk": "application/vnd.android.package-archive", ".dmg": "application/x-apple-diskimage",
	".bin": "application/octet-stream", ".exe": "application/octet-stream", ".iso": "application/octet-stream",
	".asc": "application/pgp-signature", ".sig": "application/pgp-signature", ".pem": "application/x-pem-file",
	".p12": "application/x-pkcs12", ".crt": "application/x-x509-ca-cert", ".swf": "application/octet-stream",
	".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".stl": "model/stl", ".ical": "text/calendar; charset=utf-8",
}
