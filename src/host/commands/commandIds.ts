/** Every command of the extension; package.json contributes exactly these (a unit test compares). */
export const commandIds = {
  trainAdapter: 'lora.trainAdapter',
  newRecipe: 'lora.newRecipe',
  convertToRecipe: 'lora.convertToRecipe',
  stopTraining: 'lora.stopTraining',
  pauseTraining: 'lora.pauseTraining',
  resumeTraining: 'lora.resumeTraining',
  openDashboard: 'lora.openDashboard',
  showAdapter: 'lora.showAdapter',
  revealAdapter: 'lora.revealAdapter',
  evaluateAdapter: 'lora.evaluateAdapter',
  mergeIntoBaseModel: 'lora.mergeIntoBaseModel',
  exportAdapter: 'lora.exportAdapter',
  publishAdapter: 'lora.publishAdapter',
  serveAdapters: 'lora.serveAdapters',
  stopServing: 'lora.stopServing',
  manageServer: 'lora.manageServer',
  openPlayground: 'lora.openPlayground',
  compareAdapters: 'lora.compareAdapters',
  previewData: 'lora.previewData',
  rename: 'lora.rename',
  delete: 'lora.delete',
  revealInExplorer: 'lora.revealInExplorer',
  showEngineLog: 'lora.showEngineLog',
  createExample: 'lora.createExample',
  downloadBaseModel: 'lora.downloadBaseModel',
  setHubToken: 'lora.setHubToken',
  selectDevice: 'lora.selectDevice',
  setUpCuda: 'lora.setUpCuda',
  setUpTensorFlow: 'lora.setUpTensorFlow',
} as const;

export type CommandName = keyof typeof commandIds;

/**
 * What a command is called with: a tree node, a file's Uri, nothing (palette), or what another command or extension
 * passes; `detail` is what the caller adds, and menus add things of their own. What it gives is for those who call it by
 * its id.
 */
export type CommandHandler = (target?: unknown, detail?: unknown) => Promise<unknown>;
