// Opening a window takes longer than most of what is looked at in it.

/**
 * One story of short scenes that leave nothing behind but files: each is prepared when its turn comes and finds no editor
 * and no notice of the one before. All are trusted, or none is.
 */
export function oneWindow(name, scenes) {
  return {
    name: `${name}: ${scenes.map((scene) => scene.name).join('; ')}`,
    trusted: scenes[0].trusted,
    prepare: () => undefined,
    async play(workbench, folder, hub) {
      const notes = [];
      for (const scene of scenes) {
        scene.prepare(folder);
        const note = await scene.play(workbench, folder, hub).catch((cause) => {
          throw new Error(`in "${scene.name}"`, { cause });
        });
        if (note !== undefined) notes.push(note);
        await workbench.tidy();
      }
      return notes.length === 0 ? undefined : notes.join('; ');
    },
  };
}
