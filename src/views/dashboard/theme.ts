/** The editor's colours as canvases need them: values, not variables. */
export interface Theme {
  readonly background: string;
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  readonly fontFamily: string;
  readonly loss: string;
  readonly evaluation: string;
  readonly overlay: string;
  readonly rate: string;
  readonly warning: string;
  readonly danger: string;
  readonly isHighContrast: boolean;
}

/** Reads the theme from the page's style sheet, where each of these is a property made of VS Code's variables. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const read = (name: string): string => style.getPropertyValue(`--lora-${name}`).trim();
  return {
    background: read('background'),
    foreground: read('foreground'),
    muted: read('muted'),
    grid: read('grid'),
    fontFamily: style.fontFamily,
    loss: read('loss'),
    evaluation: read('evaluation'),
    overlay: read('overlay'),
    rate: read('rate'),
    warning: read('warning'),
    danger: read('danger'),
    isHighContrast: document.body.classList.contains('vscode-high-contrast'),
  };
}

/** VS Code changes the variables and the body's classes in place when the user picks another theme. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
