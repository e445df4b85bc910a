// Writes FOLDER/index.html, by which the pictures of journeys and specimens are leafed through.
//
//   node index.mjs FOLDER
import fs from 'node:fs'
import path from 'node:path'

const folder = process.argv[2]
const escape = (s) => s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
const looks = new Map() // folder/look -> pictures
for (const set of fs.readdirSync(folder, { withFileTypes: true }).filter((d) => d.isDirectory()).map((d) => d.name).sort()) {
  for (const file of fs.readdirSync(path.join(folder, set)).filter((f) => f.endsWith('.png')).sort()) {
    const look = `${set}/${file.replace(/(\.\d+\.\w+)?\.png$/, '')}`
    looks.set(look, [...(looks.get(look) ?? []), `${set}/${file}`])
  }
}
const rows = [...looks].map(([look, pictures]) => `<section id="${escape(look)}"><h2><a href="#${escape(look)}">${escape(look)}</a></h2>
<div>${pictures.map((p) => `<a href="${escape(p)}"><img loading="lazy" src="${escape(p)}" alt="${escape(p)}"></a>`).join('')}</div></section>`)
fs.writeFileSync(path.join(folder, 'index.html'), `<!doctype html><html lang="en"><meta charset="utf-8"><title>${looks.size} pages</title>
<style>body{margin:24px;font:14px system-ui;background:#f2f2f2;color:#222}h2{font-size:16px}h2 a{color:inherit;text-decoration:none}
div{display:flex;gap:16px;align-items:flex-start;overflow-x:auto}img{block-size:420px;inline-size:auto;max-inline-size:none;object-fit:cover;object-position:top;border:1px solid #ccc}
</style><h1>${looks.size} pages</h1>
${rows.join('\n')}
</html>
`)
console.log(`${looks.size} pages in ${path.join(folder, 'index.html')}`)
