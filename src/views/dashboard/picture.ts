import type { Theme } from './theme';

/** A chart of the picture and what is written above it. */
export interface PicturePart {
  readonly title: string;
  readonly canvas: HTMLCanvasElement;
}

const margin = 24;
const lineHeight = 28;

/** The charts below each other under the run's name, on the theme's background, as the bytes of a PNG. */
export async function chartsAsPng(title: string, parts: readonly PicturePart[], theme: Theme): Promise<Uint8Array> {
  const scale = window.devicePixelRatio;
  const width = Math.max(...parts.map(({ canvas }) => canvas.width)) + 2 * margin * scale;
  const heights = parts.map(({ canvas }) => canvas.height + lineHeight * scale + margin * scale);
  const picture = document.createElement('canvas');
  picture.width = width;
  picture.height = heights.reduce((sum, height) => sum + height, (lineHeight + 2 * margin) * scale);
  const context = picture.getContext('2d')!;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = theme.foreground;
  context.textBaseline = 'top';
  let y = margin * scale;
  const write = (text: string, size: number, weight: string): void => {
    context.font = `${weight} ${size * scale}px ${theme.fontFamily}`;
    context.fillText(text, margin * scale, y);
    y += lineHeight * scale;
  };
  write(title, 18, '600');
  for (const part of parts) {
    write(part.title, 13, '400');
    context.drawImage(part.canvas, margin * scale, y);
    y += part.canvas.height + margin * scale;
  }
  const blob = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, 'image/png'));
  if (blob === null) throw new Error('The picture is too large for this browser.');
  return new Uint8Array(await blob.arrayBuffer());
}
