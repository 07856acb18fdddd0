/** How far a set-up of further libraries is: what is being done, and of a download how much has arrived. */
export type SetUpNews =
  | { readonly type: 'step'; readonly step: string }
  | {
      readonly type: 'progress';
      readonly done_bytes: number;
      /** Null where nobody knows. */
      readonly total_bytes: number | null;
    };
