import { formatBytes } from '../../run/format';
import type { PublishedAdapter, PublishNews, PublishPreview } from '../../run/publish';

/** The name of a repository that an adapter's folder suggests. */
export function proposedRepository(owner: string, folder: string): string {
  const name = folder
    .replaceAll(/[^\w.-]+/g, '-')
    .replaceAll(/\.{2,}|-{2,}/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/(\.git|[^A-Za-z0-9])+$/, '');
  return `${owner}/${name === '' ? 'adapter' : name}`;
}

export interface Publishing {
  /** What the adapter is called. */
  readonly name: string;
  /** `owner/name` */
  readonly repo: string;
  readonly isPrivate: boolean;
  readonly preview: PublishPreview;
}

/** The last question before anything is sent: all that is sent, and where to. */
export function publishQuestion({ name, repo, isPrivate, preview }: Publishing): {
  readonly message: string;
  readonly detail: string;
} {
  const who = isPrivate ? 'private: only its owner sees it' : 'public: everybody sees it';
  const detail = [
    `${preview.endpoint}/${repo}`,
    `A new repository is ${who}.`,
    '',
    ...preview.files.map((file) => `${file.name}: ${formatBytes(file.bytes)}`),
    '',
    `Nothing else of the folder is sent. These files name ${preview.base_model} as their base model; README.md is the model card, with the recipe and the names of the data's files.`,
  ];
  return { message: `Publish ${name} to ${repo}?`, detail: detail.join('\n') };
}

/** A piece of news as the notification shows it. */
export function publishNewsText(news: PublishNews): string {
  if (news.type === 'file') return `${news.name}, ${formatBytes(news.bytes)}`;
  return `the hub cannot be reached: ${news.reason}; trying again in ${news.seconds} s`;
}

/** What is there now, with the address of its page as a link. */
export function publishedText(name: string, published: PublishedAdapter): string {
  const { url, files, changed, is_new: isNew, is_private: isPrivate } = published;
  const link = `[${url}](${url})`;
  const place = `${isNew ? 'a new' : 'the'} ${isPrivate ? 'private' : 'public'} repository`;
  if (changed.length === 0) {
    return `Nothing of ${name} had to be sent: all ${files.length} files are in ${place} already: ${link}`;
  }
  const what = changed.length === files.length ? `${files.length} files` : `${changed.length} of ${files.length} files`;
  return `${name} is published: ${what} in ${place}, compared by their hashes: ${link}`;
}
