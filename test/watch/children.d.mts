/** From now on a crash of a process that this one starts makes a failure of this one. */
export declare const watchChildren: () => void
/** What has crashed since this was asked the last time. */
export declare const taken: () => ReadonlyArray<string>
